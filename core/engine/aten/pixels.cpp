// SPDX-License-Identifier: BSD-2-Clause
#include "engine/aten/pixels.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <cstring>

namespace hcd::aten {
namespace {

at::Tensor on_host(const at::Tensor &tensor) { return tensor.detach().to(at::kCPU).contiguous(); }

ConstPlane view(const at::Tensor &host) {
  const int height = static_cast<int>(host.size(2)), width = static_cast<int>(host.size(3));
  return {
      host.const_data_ptr<float>(),          static_cast<int>(host.size(1)), height, width, width,
      static_cast<ptrdiff_t>(height) * width};
}

Plane view(at::Tensor &host) {
  const ConstPlane image = view(std::as_const(host));
  return {host.mutable_data_ptr<float>(),
          image.channels,
          image.height,
          image.width,
          image.stride,
          image.plane};
}

// Calls `row` with the beginnings of each row of two pictures of one size.
template <typename A, typename B, typename Row>
void for_rows(client::View<A> a, client::View<B> b, const Row &row) {
  for (int c = 0; c < a.channels; ++c) {
    for (int y = 0; y < a.height; ++y) {
      row(a.data + c * a.plane + y * a.stride, b.data + c * b.plane + y * b.stride);
    }
  }
}

}  // namespace

at::Tensor to_tensor(ConstPlane image, at::Device device) {
  at::Tensor host = at::empty({1, image.channels, image.height, image.width}, at::kFloat);
  const size_t bytes = static_cast<size_t>(image.width) * sizeof(float);
  for_rows(view(host), image,
           [bytes](float *to, const float *from) { std::memcpy(to, from, bytes); });
  return host.to(device);
}

bool copy_to(const at::Tensor &tensor, Plane image) {
  const at::Tensor host = on_host(tensor);
  bool finite = true;
  for_rows(image, view(host), [&](float *to, const float *from) {
    for (int x = 0; x < image.width; ++x) {
      to[x] = from[x];
      finite &= std::isfinite(from[x]);
    }
  });
  return finite;
}

bool add_to(const at::Tensor &tensor, Plane image) {
  const at::Tensor host = on_host(tensor);
  bool finite = true;
  for_rows(image, view(host), [&](float *to, const float *from) {
    for (int x = 0; x < image.width; ++x) {
      to[x] += from[x];
      finite &= std::isfinite(from[x]);
    }
  });
  return finite;
}

double squared_error(const at::Tensor &output, ConstPlane target, Rect window,
                     at::Tensor &slope) {
  const at::Tensor values = on_host(output);
  at::Tensor slopes = at::zeros(values.sizes(), at::kFloat);
  const ConstPlane all = view(values);
  float *first_slope = slopes.mutable_data_ptr<float>();
  double sum = 0.0;
  for_rows(all.crop(window.x, window.y, window.width, window.height), target,
           [&](const float *value, const float *wanted) {
             float *row = first_slope + (value - all.data);
             for (int x = 0; x < window.width; ++x) {
               const float difference = value[x] - wanted[x];
               row[x] = 2.0F * difference;
               sum += static_cast<double>(difference) * static_cast<double>(difference);
             }
           });
  slope = slopes.to(output.device());
  return sum;
}

}  // namespace hcd::aten
