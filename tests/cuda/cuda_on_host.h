// SPDX-License-Identifier: BSD-2-Clause
// What a kernel's source finds when the host's compiler compiles it, for tests: CUDA's words, over
// threads that are fibers (on_host/block.h).
#pragma once

#include <cstdint>
#include <cstring>

#include "on_host/block.h"
#include "on_host/intrinsics.h"

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(bytes) alignas(bytes)

// See engine/cuda/kernels/kernel.h.
#define HCD_SHARED(name, ...)                                          \
  static ::hcd::cuda_on_host::Shared<__VA_ARGS__> name##_of_any_block; \
  auto &name = name##_of_any_block.get()
#define HCD_SHARED_BYTES(name) unsigned char *name = ::hcd::cuda_on_host::dynamic_shared()

#define threadIdx (::hcd::cuda_on_host::where.thread)
#define blockIdx (::hcd::cuda_on_host::where.block)
#define blockDim (::hcd::cuda_on_host::where.block_size)
#define gridDim (::hcd::cuda_on_host::where.grid_size)
inline constexpr int warpSize = ::hcd::cuda_on_host::kWarp;

inline void __syncthreads(int line = __builtin_LINE()) { ::hcd::cuda_on_host::block_barrier(line); }
inline void __syncwarp(unsigned mask = ~0U) {
  ::hcd::cuda_on_host::warp_exchange(mask, 0, 0, false);
}
inline unsigned __ballot_sync(unsigned mask, int vote) {
  return ::hcd::cuda_on_host::warp_exchange(mask, 0, 0, vote != 0).votes;
}
inline int __any_sync(unsigned mask, int vote) { return __ballot_sync(mask, vote) != 0; }
inline int __all_sync(unsigned mask, int vote) { return __ballot_sync(mask, vote == 0) == 0; }

namespace hcd::cuda_on_host {

template <typename T>
T shuffle(unsigned mask, T value, unsigned source) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = warp_exchange(mask, bits, source, false).value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace hcd::cuda_on_host

// Shuffles within groups of `width` lanes, a power of two.
template <typename T>
T __shfl_sync(unsigned mask, T value, int source, int width = warpSize) {
  const auto lane = int(::hcd::cuda_on_host::lane()), in_group = width - 1;
  return ::hcd::cuda_on_host::shuffle(mask, value,
                                      unsigned(lane & ~in_group) | unsigned(source & in_group));
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize) {
  const unsigned lane = ::hcd::cuda_on_host::lane(), in_group = unsigned(width) - 1;
  const bool inside = (lane & in_group) >= delta;
  return ::hcd::cuda_on_host::shuffle(mask, value, inside ? lane - delta : lane);
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize) {
  const unsigned lane = ::hcd::cuda_on_host::lane(), in_group = unsigned(width) - 1;
  const bool inside = (lane & in_group) + delta <= in_group;
  return ::hcd::cuda_on_host::shuffle(mask, value, inside ? lane + delta : lane);
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = warpSize) {
  const unsigned lane = ::hcd::cuda_on_host::lane(), in_group = unsigned(width) - 1;
  const unsigned source = lane ^ unsigned(bits);
  return ::hcd::cuda_on_host::shuffle(mask, value, source <= (lane | in_group) ? source : lane);
}
