// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/kernels/losses.h"

#include "engine/cuda/kernels/tile.cuh"

// A thread goes down kRows samples of a column: the range of three neighbours in a row serves
// three of them.
HCD_KERNEL hcd_mix_slope(hcd::cuda::ConstDevicePlane shown, hcd::cuda::ConstDevicePlane y,
                         hcd::cuda::DeviceMix mix, hcd::cuda::DevicePlane slope, double *partials) {
  using namespace hcd::cuda;
  constexpr int kRows = kTile / kTileRows;
  const int column = int(blockIdx.x) * kTile + int(threadIdx.x);
  const int first = int(blockIdx.y) * kTile + int(threadIdx.y) * kRows;
  const auto by_error = float(mix.error.get()), by_excess = float(mix.excess.get()),
             by_detail = float(mix.detail.get());
  float sum = 0;
  if (column < y.width && first < y.height) {
    const int left = clamped(column - 1, 0, y.width - 1),
              right = clamped(column + 1, 0, y.width - 1);
    float centre[kRows + 2], low[kRows + 2], high[kRows + 2];
    for (int i = 0; i < kRows + 2; ++i) {
      const float *row = row_of(y, clamped(first - 1 + i, 0, y.height - 1));
      const float a = row[left], b = row[column], c = row[right];
      centre[i] = b;
      low[i] = fminf(fminf(a, b), c);
      high[i] = fmaxf(fmaxf(a, b), c);
    }
    for (int i = 0; i < kRows; ++i) {
      if (first + i >= y.height) continue;
      const float value = row_of(shown, first + i)[column];
      const float error = value - centre[i + 1];
      const float least = fminf(fminf(low[i], low[i + 1]), low[i + 2]);
      const float greatest = fmaxf(fmaxf(high[i], high[i + 1]), high[i + 2]);
      const float excess = value - fminf(greatest, fmaxf(least, value));
      const float error_slope = by_error * error, excess_slope = by_excess * excess;
      if (slope.data) {
        float *to = row_of(slope, first + i) + column;
        const bool clipped = !(mix.low < value && value < mix.high);
        *to = clipped ? 0.0F : __fmaf_rn(by_detail, *to, error_slope + excess_slope);
      }
      sum += __fmaf_rn(error_slope, error, excess_slope * excess);
    }
  }
  store_tile_sum(sum, partials);
}
