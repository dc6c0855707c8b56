// SPDX-License-Identifier: BSD-2-Clause
// Samples of planes, as kernels find them.
#pragma once

#include "engine/cuda/kernels/kernel.h"

namespace hcd::cuda {

template <typename T>
__device__ __forceinline__ T *row_of(const PlaneOf<T> &plane, int y) {
  return plane.data + y * plane.stride;
}

__device__ __forceinline__ int clamped(int i, int low, int high) {
  return i < low ? low : i > high ? high : i;
}

__device__ __forceinline__ bool inside(const DeviceRect &r, int x, int y) {
  return x >= r.x && x < r.x + r.width && y >= r.y && y < r.y + r.height;
}

// Number of this thread in a block of two dimensions.
__device__ __forceinline__ int thread_of_block() {
  return int(threadIdx.y * blockDim.x + threadIdx.x);
}

}  // namespace hcd::cuda
