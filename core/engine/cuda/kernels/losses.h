// SPDX-License-Identifier: BSD-2-Clause
// Losses sample by sample, in tiles (tile.h). `partials`: one sum a block.
#pragma once

#include "engine/cuda/kernels/numbers.h"

namespace hcd::cuda {

// engine/engine.h's MixWeights, and the range inside which a sample is not clipped.
struct DeviceMix {
  DeviceNumber error, excess, detail;
  float low, high;
};

}  // namespace hcd::cuda

// Engine::mix_slope(). `slope` may have no data.
HCD_KERNEL hcd_mix_slope(hcd::cuda::ConstDevicePlane shown, hcd::cuda::ConstDevicePlane y,
                         hcd::cuda::DeviceMix mix, hcd::cuda::DevicePlane slope, double *partials);

#define HCD_LOSS_KERNELS(X) X(hcd_mix_slope)
