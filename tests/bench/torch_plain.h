// SPDX-License-Identifier: BSD-2-Clause
// The same job in plain LibTorch, to compare with.
#pragma once

#include <cstdint>
#include <vector>

namespace hcd::bench {

struct PlainPlane {
  const uint8_t *data;
  int width, height;
};

// Conjugate gradients on the error of a bicubic enlarger, `steps` of them from a bicubic start, on
// every plane, by LibTorch's own resampling and autograd on `threads` threads. 0 steps: the start
// alone. Returns the sum of the small planes, so that nothing is optimised away.
double plain_torch_down(const std::vector<PlainPlane> &planes, int steps, int threads);

// Enlarges every plane by 2.
double plain_torch_up(const std::vector<PlainPlane> &planes, int threads);

}  // namespace hcd::bench
