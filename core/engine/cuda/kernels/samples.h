// SPDX-License-Identifier: BSD-2-Clause
// A component of a frame to floats and back, in tiles (tile.h).
#pragma once

#include "engine/cuda/kernels/kernel.h"
#include "engine/cuda/kernels/planes.h"

namespace hcd::cuda {

struct Component {
  uint8_t *data;
  int64_t stride;  // bytes from row to row; may be negative
  int32_t step;    // samples from one to the next: 1 or 2
  int32_t wide;    // whether samples have 16 bits, else 8
  int32_t shift;   // unused low bits of a sample
};

}  // namespace hcd::cuda

// `unit`: of a code value, on the 8-bit scale.
HCD_KERNEL hcd_unpack(hcd::cuda::Component component, float unit, hcd::cuda::DevicePlane plane);
HCD_KERNEL hcd_pack(hcd::cuda::Component component, hcd::cuda::Codes codes,
                    hcd::cuda::ConstDevicePlane plane);

#define HCD_SAMPLE_KERNELS(X) X(hcd_unpack) X(hcd_pack)
