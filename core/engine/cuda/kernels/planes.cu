// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/kernels/planes.h"

#include "engine/cuda/kernels/codes.cuh"
#include "engine/cuda/kernels/planes.cuh"
#include "engine/cuda/kernels/tile.cuh"

HCD_KERNEL hcd_fill(hcd::cuda::DevicePlane plane, float value) {
  const int x = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (x < plane.width) row_of(plane, int(blockIdx.y))[x] = value;
}

HCD_KERNEL hcd_copy(hcd::cuda::ConstDevicePlane from, hcd::cuda::DevicePlane to) {
  hcd::cuda::for_tile(to.width, to.height,
                      [&](int x, int y) { row_of(to, y)[x] = row_of(from, y)[x]; });
}

HCD_KERNEL hcd_quantise(hcd::cuda::DevicePlane plane, hcd::cuda::Codes codes) {
  const float unit = 1 / codes.scale;
  hcd::cuda::for_tile(plane.width, plane.height, [&](int x, int y) {
    float &value = row_of(plane, y)[x];
    value = hcd::cuda::code_of(value, codes) * unit;
  });
}

HCD_KERNEL hcd_clip(hcd::cuda::DevicePlane plane, float low, float high, double *partials) {
  float sum = 0;
  hcd::cuda::for_tile(plane.width, plane.height, [&](int x, int y) {
    float &value = row_of(plane, y)[x];
    const float inside = fminf(fmaxf(value, low), high), cut = value - inside;
    value = inside;
    sum = __fmaf_rn(cut, cut, sum);
  });
  hcd::cuda::store_tile_sum(sum, partials);
}

HCD_KERNEL hcd_mix(hcd::cuda::Mixing mixing) {
  hcd::cuda::for_tile(mixing.width, mixing.height, [&](int x, int y) {
    // All are read before one is written: a plane may be both.
    float in[3];
#pragma unroll
    for (int k = 0; k < 3; ++k) {
      const auto &plane = mixing.in[k];
      in[k] = plane.data ? row_of(plane, y)[x] : 0;
    }
#pragma unroll
    for (int i = 0; i < 3; ++i) {
      const auto &plane = mixing.out[i];
      if (!plane.data) continue;
      float sum = mixing.offset[i];
#pragma unroll
      for (int k = 0; k < 3; ++k) sum = __fmaf_rn(mixing.matrix[i][k], in[k], sum);
      row_of(plane, y)[x] = sum;
    }
  });
}

HCD_KERNEL hcd_correlate(hcd::cuda::ConstDevicePlane in, hcd::cuda::Correlation kernel,
                         hcd::cuda::DevicePlane out) {
  using namespace hcd::cuda;
  // The block's samples and what is around them.
  constexpr int kSide = kTile + kMaxCorrelation - 1;
  HCD_SHARED(tile, float[kSide][kSide]);
  const int radius = kernel.size / 2, side = kTile + 2 * radius;
  const int left = int(blockIdx.x) * kTile - radius, top = int(blockIdx.y) * kTile - radius;
  for (int i = int(threadIdx.y); i < side; i += kTileRows) {
    const float *from = row_of(in, clamped(top + i, 0, in.height - 1));
    for (int j = int(threadIdx.x); j < side; j += kTile) {
      tile[i][j] = from[clamped(left + j, 0, in.width - 1)];
    }
  }
  __syncthreads();
  for_tile(out.width, out.height, [&](int x, int y) {
    float sum = row_of(out, y)[x];
    const float *weight = kernel.weights;
    for (int i = 0; i < kernel.size; ++i) {
      const float *row = &tile[y - top - radius + i][x - left - radius];
      for (int j = 0; j < kernel.size; ++j) sum = __fmaf_rn(*weight++, row[j], sum);
    }
    row_of(out, y)[x] = sum;
  });
}

HCD_KERNEL hcd_squared_error(hcd::cuda::ConstDevicePlane shown, hcd::cuda::ConstDevicePlane target,
                             float factor, hcd::cuda::DevicePlane slope, double *partials) {
  float sum = 0;
  hcd::cuda::for_tile(shown.width, shown.height, [&](int x, int y) {
    const float error = row_of(shown, y)[x] - row_of(target, y)[x];
    if (slope.data) row_of(slope, y)[x] = factor * error;
    sum = __fmaf_rn(error, error, sum);
  });
  hcd::cuda::store_tile_sum(sum, partials);
}

HCD_KERNEL hcd_shown_error(hcd::cuda::ConstDevicePlane shown, hcd::cuda::ConstDevicePlane truth,
                           hcd::cuda::Codes codes, double *partials) {
  float sum = 0;
  hcd::cuda::for_tile(shown.width, shown.height, [&](int x, int y) {
    const float code = hcd::cuda::code_of(row_of(shown, y)[x], codes);
    const float error = code - row_of(truth, y)[x] * codes.scale;
    sum = __fmaf_rn(error, error, sum);
  });
  hcd::cuda::store_tile_sum(sum, partials);
}
