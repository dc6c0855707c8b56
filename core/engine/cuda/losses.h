// SPDX-License-Identifier: BSD-2-Clause
// Losses sample by sample, on the device.
#pragma once

#include "engine/cuda/device.h"
#include "engine/engine.h"

namespace hcd::cuda {

// Engine::mix_slope().
Number mix_slope(Device &device, ConstPlane shown, ConstPlane y, const image::Range &range,
                 const MixWeights &weights, Plane slope);

}  // namespace hcd::cuda
