// SPDX-License-Identifier: BSD-2-Clause
// Losses sample by sample. A block of kLossColumns x 8 threads looks at kLossColumns x kLossRows
// samples.
#pragma once

#include "engine/cuda/kernels/kernel.h"

namespace hcd::cuda {

inline constexpr int kLossColumns = 32, kLossRows = 32, kLossThreadRows = 8;

// engine/engine.h's MixWeights, and the range inside which a sample is not clipped.
struct DeviceMix {
  float error, excess, detail;
  float low, high;
};

}  // namespace hcd::cuda

// Engine::mix_slope(); a sum for each block. `slope` may have no data.
HCD_KERNEL hcd_mix_slope(hcd::cuda::ConstDevicePlane shown, hcd::cuda::ConstDevicePlane y,
                         hcd::cuda::DeviceMix mix, hcd::cuda::DevicePlane slope, double *sums);

#define HCD_LOSS_KERNELS(X) X(hcd_mix_slope)
