// SPDX-License-Identifier: BSD-2-Clause
#include "engine/aten/pixels.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <cmath>

namespace hcd::aten {
namespace {

at::Tensor on_host(const at::Tensor &tensor) { return tensor.detach().to(at::kCPU).contiguous(); }

Plane view(const at::Tensor &host) {
  const int height = static_cast<int>(host.size(2)), width = static_cast<int>(host.size(3));
  return {
      static_cast<float *>(host.data_ptr()), static_cast<int>(host.size(1)), height, width, width,
      static_cast<ptrdiff_t>(height) * width};
}

// Calls `function` with each sample of two pictures of one size.
template <typename Function>
void for_samples(Plane a, ConstPlane b, const Function &function) {
  for (int c = 0; c < a.channels; ++c) {
    for (int y = 0; y < a.height; ++y) {
      float *to = a.row(c, y);
      const float *from = b.row(c, y);
      for (int x = 0; x < a.width; ++x) function(to[x], from[x]);
    }
  }
}

}  // namespace

at::Tensor to_tensor(ConstPlane picture, float scale, at::Device device) {
  at::Tensor host = at::empty({1, picture.channels, picture.height, picture.width}, at::kFloat);
  for_samples(view(host), picture, [scale](float &to, float from) { to = scale * from; });
  return host.to(device);
}

bool copy_to(const at::Tensor &tensor, Plane picture) {
  bool finite = true;
  for_samples(picture, view(on_host(tensor)), [&](float &to, float from) {
    to = 255 * from;
    finite &= std::isfinite(from);
  });
  return finite;
}

bool add_to(const at::Tensor &tensor, Plane picture) {
  bool finite = true;
  for_samples(picture, view(on_host(tensor)), [&](float &to, float from) {
    to += from;
    finite &= std::isfinite(from);
  });
  return finite;
}

double loss_of(const at::Tensor &output, const Rect &window, const LocalLoss &loss,
               at::Tensor &slope) {
  const at::Tensor shown = on_host(output) * 255;
  const at::Tensor slopes = at::zeros(shown.sizes(), at::kFloat);
  const double value = loss(window, view(shown).crop(window), view(slopes).crop(window));
  slope = slopes.to(output.device());
  return value;
}

}  // namespace hcd::aten
