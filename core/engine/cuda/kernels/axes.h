// SPDX-License-Identifier: BSD-2-Clause
// Kernels of operators along an axis (image/separable.h), in tiles (tile.h).
#pragma once

#include "engine/cuda/kernels/kernel.h"
#include "engine/cuda/kernels/tile.h"

namespace hcd::cuda {

// image::Axis, with the weights lying so that neighbouring threads read neighbours.
struct DeviceAxis {
  const int32_t *start;  // [out]
  const float *weights;  // [taps][out]
  const int32_t *first;  // for each kTile outputs: the first column that they look at
  int32_t in, out, taps;
  int32_t span;  // columns that kTile outputs look at, at most
};
// Where a tile looks at no more columns than these, its rows lie in shared memory.
inline constexpr int kSpan = 192;

// image::BandedSolver with `band` subdiagonals, zeros included; factors lie farthest first.
struct DeviceSolver {
  const float *lower;         // [n][band]: L(i, i - band + j)
  const float *upper;         // [n][band]: L(i + band - j, i)
  const float *inverse_diag;  // [n]
  int32_t n;
};
inline constexpr int kBand = 8, kWideBand = 64;

}  // namespace hcd::cuda

// out = axis in, along rows, and down columns.
HCD_KERNEL hcd_along_rows(hcd::cuda::DeviceAxis axis, hcd::cuda::ConstDevicePlane in,
                          hcd::cuda::DevicePlane out);
HCD_KERNEL hcd_down_columns(hcd::cuda::DeviceAxis axis, hcd::cuda::ConstDevicePlane in,
                            hcd::cuda::DevicePlane out);

// L z = b, D w = z, L^T x = w for each column, in place: one thread a column, of blocks of kTile.
HCD_KERNEL hcd_solve_columns(hcd::cuda::DeviceSolver solver, hcd::cuda::DevicePlane plane);
HCD_KERNEL hcd_solve_columns_wide(hcd::cuda::DeviceSolver solver, hcd::cuda::DevicePlane plane);
// For each row: a block solves kTile rows.
HCD_KERNEL hcd_solve_rows(hcd::cuda::DeviceSolver solver, hcd::cuda::DevicePlane plane);
HCD_KERNEL hcd_solve_rows_wide(hcd::cuda::DeviceSolver solver, hcd::cuda::DevicePlane plane);

#define HCD_AXIS_KERNELS(X) \
  X(hcd_along_rows)         \
  X(hcd_down_columns)       \
  X(hcd_solve_columns) X(hcd_solve_columns_wide) X(hcd_solve_rows) X(hcd_solve_rows_wide)
