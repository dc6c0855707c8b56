// SPDX-License-Identifier: BSD-2-Clause
// CAR's resampling operation: every small pixel is a weighted sum of samples of the large picture,
// each taken where an offset says.
#pragma once

#include "models/nn.h"

namespace hcd::models {

// What each LR pixel samples: k^2 taps, tap k j + i in column i and row j. All [N, k^2, h, w].
struct Taps {
  Tensor kernels;               // weights
  Tensor offsets_h, offsets_v;  // to the right and down, in units
};

// [N, C, H, W] to [N, C, h, w]; H / h = W / w is whole. With the picture reflected at its borders,
// tap (i, j) of pixel (x, y) samples bilinearly at
//     px = (x + 0.5) W / w + i - floor(k / 2) + unit offset_h - 0.5    (py likewise)
// and positions beyond the reflection (floor(k / 2) pixels) are held at its edge. Gradients flow to
// picture, kernels and offsets; they are sums in a fixed order, whatever the threads.
// On the CPU, of floats or doubles, memory is that of inputs and results; elsewhere
// resample_by_gather().
Tensor resample(const Tensor &image, const Taps &taps, double unit);

// The same of ATen's operations, on any device; autograd keeps some dozen LR-sized tensors per tap.
Tensor resample_by_gather(const Tensor &image, const Taps &taps, double unit);

}  // namespace hcd::models
