// SPDX-License-Identifier: BSD-2-Clause
// The quantiser: the same bits as the CPU engine's.
#pragma once

#include <math.h>

#include "engine/cuda/kernels/planes.h"

namespace hcd::cuda {

// The code value of a value on the 8-bit scale: ties to even, inside the range. The product is
// exact, since `scale` is a power of two.
__device__ inline float code_of(float value, const Codes &codes) {
  return fminf(fmaxf(rintf(value * codes.scale), codes.low), codes.high);
}

}  // namespace hcd::cuda
