// SPDX-License-Identifier: BSD-2-Clause
// Sums in a fixed order, so that a frame is the same bits on the same GPU: each block adds up its
// own part, and hcd_total the blocks' sums.
#pragma once

#include "engine/cuda/kernels/kernel.h"

namespace hcd::cuda {

// Of the values of a block of `kBlock` threads (a power of two; one dimension or two, threads
// numbered by `thread`). All of them call it, and get it.
template <int kBlock>
__device__ double block_sum(double value, int thread) {
  HCD_SHARED(sums, double[kBlock]);
  sums[thread] = value;
  __syncthreads();
  for (int half = kBlock / 2; half > 0; half /= 2) {
    if (thread < half) sums[thread] += sums[thread + half];
    __syncthreads();
  }
  const double sum = sums[0];
  __syncthreads();  // before the next sum overwrites it
  return sum;
}

}  // namespace hcd::cuda
