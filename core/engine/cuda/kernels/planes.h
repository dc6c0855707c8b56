// SPDX-License-Identifier: BSD-2-Clause
// Kernels on planes, sample by sample, in tiles (tile.h). `partials`: one sum a block.
#pragma once

#include "engine/cuda/kernels/kernel.h"
#include "engine/cuda/kernels/tile.h"

namespace hcd::cuda {

// Planes of one size. One of `in` without data is left out, one of `out` is not made.
struct Mixing {
  int32_t width, height;
  ConstDevicePlane in[3];
  DevicePlane out[3];
  float matrix[3][3], offset[3];
};

inline constexpr int kMaxCorrelation = 15;
struct Correlation {
  int32_t size;                                      // odd, up to kMaxCorrelation
  float weights[kMaxCorrelation * kMaxCorrelation];  // [size][size]
};

// Code values of a depth, and how many are one of 8 bits.
struct Codes {
  float scale, low, high;
};

}  // namespace hcd::cuda

// One thread a sample, in blocks of kVectorBlock of a row: what is filled may be a vector.
HCD_KERNEL hcd_fill(hcd::cuda::DevicePlane plane, float value);
HCD_KERNEL hcd_copy(hcd::cuda::ConstDevicePlane from, hcd::cuda::DevicePlane to);
HCD_KERNEL hcd_quantise(hcd::cuda::DevicePlane plane, hcd::cuda::Codes codes);
HCD_KERNEL hcd_clip(hcd::cuda::DevicePlane plane, float low, float high, double *partials);
HCD_KERNEL hcd_mix(hcd::cuda::Mixing mixing);
HCD_KERNEL hcd_correlate(hcd::cuda::ConstDevicePlane in, hcd::cuda::Correlation kernel,
                         hcd::cuda::DevicePlane out);
// slope, if it has data, = factor (shown - target)
HCD_KERNEL hcd_squared_error(hcd::cuda::ConstDevicePlane shown, hcd::cuda::ConstDevicePlane target,
                             float factor, hcd::cuda::DevicePlane slope, double *partials);
// Of `shown` rounded to `codes`, in code values.
HCD_KERNEL hcd_shown_error(hcd::cuda::ConstDevicePlane shown, hcd::cuda::ConstDevicePlane truth,
                           hcd::cuda::Codes codes, double *partials);

#define HCD_PLANE_KERNELS(X) \
  X(hcd_fill)                \
  X(hcd_copy)                \
  X(hcd_quantise) X(hcd_clip) X(hcd_mix) X(hcd_correlate) X(hcd_squared_error) X(hcd_shown_error)
