// SPDX-License-Identifier: BSD-2-Clause
// Kernels that can be made wrong, to see that it is noticed.
#pragma once

#include "engine/cuda/kernels/kernel.h"

namespace hcd::cuda {

inline constexpr int kControlBlock = 64, kControlRadius = 3;

// out[i] = sum of in[i - kControlRadius .. i + kControlRadius], the edges repeated. Right with a
// barrier and a halo of kControlRadius.
template <bool kBarrier, int kHalo>
__global__ void control_sum(const float *in, float *out, int n) {
  HCD_SHARED(tile, float[kControlBlock + 2 * kControlRadius]);
  const int first = int(blockIdx.x) * kControlBlock;
  for (int i = int(threadIdx.x) - kHalo; i < kControlBlock + kHalo; i += kControlBlock) {
    tile[i + kControlRadius] = in[min(max(first + i, 0), n - 1)];
  }
  if (kBarrier) __syncthreads();
  float sum = 0;
  for (int k = 0; k <= 2 * kControlRadius; ++k) sum += tile[int(threadIdx.x) + k];
  if (first + int(threadIdx.x) < n) out[first + int(threadIdx.x)] = sum;
}

}  // namespace hcd::cuda
