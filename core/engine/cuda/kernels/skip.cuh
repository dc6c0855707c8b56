// SPDX-License-Identifier: BSD-2-Clause
// The linear part of light networks at a pixel: client/light/skip.h.
#pragma once

#include "engine/cuda/kernels/light.h"

namespace hcd::cuda {

__device__ __forceinline__ int smaller(int a, int b) { return a < b ? a : b; }
__device__ __forceinline__ int larger(int a, int b) { return a > b ? a : b; }
__device__ __forceinline__ int nearest(int at, int n) { return larger(0, smaller(at, n - 1)); }

// Pixel (dx, dy) of the block of pixel (x, y): down the columns, then along the row, as the CPU
// does it, bit for bit.
__device__ __forceinline__ float skip_at(const ConstDevicePlane &lr, const SkipTaps &skip, int x,
                                         int dx, int y, int dy) {
  const int taps = 2 * skip.reach, left = x + skip.first[dx], top = y + skip.first[dy];
  float sum = 0;
#pragma unroll 1
  for (int u = 0; u < taps; ++u) {
    const float *column = lr.data + nearest(left + u, lr.width);
    float down = 0;
#pragma unroll 1
    for (int t = 0; t < taps; ++t) {
      down = __fmaf_rn(skip.weights[dy][t], column[nearest(top + t, lr.height) * lr.stride], down);
    }
    sum = __fmaf_rn(skip.weights[dx][u], down, sum);
  }
  return sum;
}

// How much of pixel `at`, of n, is in pixel d of the block of pixel `from`. The first and the last
// pixel also stand for those beyond them.
__device__ __forceinline__ float skip_weight(const SkipTaps &skip, int at, int n, int from, int d) {
  const int tap = at - from - skip.first[d], last = 2 * skip.reach - 1;
  float weight = 0;
  for (int t = at == 0 ? 0 : larger(tap, 0); t <= (at == n - 1 ? last : smaller(tap, last)); ++t) {
    weight += skip.weights[d][t];
  }
  return weight;
}

}  // namespace hcd::cuda
