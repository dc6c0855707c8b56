// SPDX-License-Identifier: BSD-2-Clause
// A block's part of a plane: kTile x kTile samples, by kTile x kTileRows threads.
#pragma once

#include "engine/cuda/kernels/planes.cuh"
#include "engine/cuda/kernels/reduce.cuh"
#include "engine/cuda/kernels/tile.h"

namespace hcd::cuda {

// function(x, y) for the samples of this thread.
template <typename Function>
__device__ void for_tile(int width, int height, const Function &function) {
  const int x = int(blockIdx.x) * kTile + int(threadIdx.x);
#pragma unroll
  for (int r = 0; r < kTile; r += kTileRows) {
    const int y = int(blockIdx.y) * kTile + int(threadIdx.y) + r;
    if (x < width && y < height) function(x, y);
  }
}

// partials[block] = the sum of the block's values; the blocks are numbered row by row.
__device__ inline void store_tile_sum(float value, double *partials) {
  constexpr int kThreads = kTile * kTileRows;
  const int thread = thread_of_block();
  const double sum = block_sum<kThreads>(double(value), thread);
  if (thread == 0) partials[blockIdx.y * gridDim.x + blockIdx.x] = sum;
}

}  // namespace hcd::cuda
