// SPDX-License-Identifier: BSD-2-Clause
// A grid of threads on the host. One block at a time; its threads are fibers, each of which runs
// until it waits for others or ends. The order of blocks, and of threads from each barrier to the
// next, changes, so that a kernel that lacks a barrier gives something else than it should.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "on_host/vector_types.h"

namespace hcd::cuda_on_host {

inline constexpr unsigned kWarp = 32;
inline constexpr size_t kMostThreads = 1024;           // of a block
inline constexpr size_t kMostStaticShared = 48 << 10;  // bytes, of HCD_SHARED
inline constexpr size_t kMostShared = 99 << 10;        // with HCD_SHARED_BYTES: of sm_86, the least

// Runs `kernel` once for each thread. `seed` chooses the orders. Returns nullptr, or what was
// wrong: a barrier that some threads never reach, too much shared memory, an array written beyond
// its end. Thread-safety: any thread; one launch at a time, others wait.
const char *launch(dim3 grid, dim3 block, size_t shared_bytes, uint32_t seed,
                   const std::function<void()> &kernel);

// ---- for kernels, from inside launch() ----

struct Where {
  uint3 thread, block;
  dim3 block_size, grid_size;
  uint64_t serial;  // of this run of this block, from 1: no two have the same
};
extern Where where;

// Waits for all threads of the block. `line`: where it stands; all threads have to wait at the
// same.
void block_barrier(int line);

struct Exchanged {
  uint64_t value;  // what lane `source` gave
  uint32_t votes;  // of lane i in bit i
};
// Waits for the lanes in `mask` of the thread's warp.
Exchanged warp_exchange(uint32_t mask, uint64_t value, unsigned source, bool vote);
unsigned lane();

// Memory of the block that runs, its bytes 0xff: NaN, or -1.
void *allocate_shared(size_t bytes);
unsigned char *dynamic_shared();

// A variable of HCD_SHARED: static, of a T that each block has anew.
template <typename T>
class Shared {
 public:
  T &get() {
    if (serial_ != where.serial) {
      memory_ = static_cast<T *>(allocate_shared(sizeof(T)));
      serial_ = where.serial;
    }
    return *memory_;
  }

 private:
  uint64_t serial_ = 0;
  T *memory_ = nullptr;
};

}  // namespace hcd::cuda_on_host
