// SPDX-License-Identifier: BSD-2-Clause
#include "torch_plain.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>

namespace hcd::bench {
namespace {

at::Tensor to_tensor(const PlainPlane &plane) {
  return at::from_blob(const_cast<uint8_t *>(plane.data), {1, 1, plane.height, plane.width},
                       at::kByte)
      .to(at::kFloat);
}

at::Tensor enlarge(const at::Tensor &x, int64_t height, int64_t width) {
  return at::upsample_bicubic2d(x, {height, width}, false);
}

// U^T r, by the backward pass, as one would write it.
at::Tensor pull_back(const at::Tensor &x, const at::Tensor &residual) {
  const at::Tensor variable = x.detach().requires_grad_(true);
  const at::Tensor shown = enlarge(variable, residual.size(2), residual.size(3));
  return torch::autograd::grad({(shown * residual).sum()}, {variable})[0];
}

}  // namespace

double plain_torch_down(const std::vector<PlainPlane> &planes, int steps, int threads) {
  at::set_num_threads(threads);
  double sum = 0;
  for (const PlainPlane &plane : planes) {
    const at::Tensor y = to_tensor(plane);
    at::Tensor x = at::_upsample_bicubic2d_aa(y, {plane.height / 2, plane.width / 2}, false);
    at::Tensor residual, direction;
    double square = 0;
    for (int step = 0; step < steps; ++step) {
      if (step == 0) {
        residual = pull_back(x, y - enlarge(x, plane.height, plane.width));
        direction = residual.clone();
        square = residual.square().sum().item<double>();
      }
      const at::Tensor image = pull_back(x, enlarge(direction, plane.height, plane.width));
      const double length = square / (direction * image).sum().item<double>();
      x = x + length * direction;
      residual = residual - length * image;
      const double next = residual.square().sum().item<double>();
      direction = residual + next / square * direction;
      square = next;
    }
    sum += x.clamp(0, 255).round().to(at::kByte).sum().item<double>();
  }
  return sum;
}

double plain_torch_up(const std::vector<PlainPlane> &planes, int threads) {
  at::set_num_threads(threads);
  double sum = 0;
  for (const PlainPlane &plane : planes) {
    const at::Tensor shown = enlarge(to_tensor(plane), plane.height * 2, plane.width * 2);
    sum += shown.clamp(0, 255).round().to(at::kByte).sum().item<double>();
  }
  return sum;
}

}  // namespace hcd::bench
