// SPDX-License-Identifier: BSD-2-Clause
// Copies from global to shared memory that threads do not wait for (from sm_80 on; elsewhere they
// are done at once): begin, close a group, compute on what came before, wait, __syncthreads().
#pragma once

#include "engine/cuda/kernels/kernel.h"

namespace hcd::cuda {

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define HCD_ASYNC_COPY 1
#endif

// `Bytes` bytes, to which both addresses are aligned; behind the first `n` samples are zeros,
// nothing of which is read.
template <int Bytes, typename T>
__device__ __forceinline__ void copy_async(const T *from, int n, T *to) {
  static_assert(Bytes == 4 || Bytes == 16);
  constexpr int kAll = Bytes / static_cast<int>(sizeof(T));
#ifdef HCD_ASYNC_COPY
  const int bytes = (n < 0 ? 0 : n > kAll ? kAll : n) * static_cast<int>(sizeof(T));
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(to));
  if (Bytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from),
                 "r"(bytes)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(address), "l"(from),
                 "r"(bytes)
                 : "memory");
  }
#else
#pragma unroll
  for (int i = 0; i < kAll; ++i) to[i] = i < n ? from[i] : static_cast<T>(0);
#endif
}

__device__ __forceinline__ void close_group() {
#ifdef HCD_ASYNC_COPY
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Until all of this thread's groups are done but the last one.
__device__ __forceinline__ void wait_for_all_but_last() {
#ifdef HCD_ASYNC_COPY
  asm volatile("cp.async.wait_group 1;" ::: "memory");
#endif
}

}  // namespace hcd::cuda
