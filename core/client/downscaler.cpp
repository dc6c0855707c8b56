// SPDX-License-Identifier: BSD-2-Clause
#include "client/downscaler.h"

namespace hcd::client {

KernelDownscaler::KernelDownscaler(const image::Kernel &kernel, const hcd_format &hr,
                                   const hcd_format &lr, Engine &engine)
    : engine_(engine), hr_(hr), lr_(lr) {
  for (int c = 0; c < image::n_operators(hr); ++c) {
    image::Separable d = image::resize_plane(kernel, hr, lr, c);
    auto down = engine.prepare(d);
    planes_.push_back({std::move(d), std::move(down), nullptr});
  }
}

void KernelDownscaler::downscale(const float *y, int planes, float *x) {
  for (int c = 0; c < planes; ++c) {
    planes_[operators_of(c)].down->apply(hr_.plane(y, c), lr_.plane(x, c));
  }
}

void KernelDownscaler::backward(const float *, const float *v, int planes, float *gradient) {
  for (int c = 0; c < planes; ++c) {
    PlaneOperators &plane = planes_[operators_of(c)];
    if (!plane.adjoint) plane.adjoint = engine_.prepare(image::transpose(plane.d));
    plane.adjoint->apply(lr_.plane(v, c), hr_.plane(gradient, c));
  }
}

}  // namespace hcd::client
