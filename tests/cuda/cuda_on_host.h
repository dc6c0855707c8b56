// SPDX-License-Identifier: BSD-2-Clause
// Runs kernels on the host, for tests: a block's threads are fibers. A fiber runs until it waits at
// a barrier or ends; then the next one runs.
#pragma once

#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __shared__ static

struct Dim3 {
  unsigned x = 1, y = 1, z = 1;
};
using dim3 = Dim3;

namespace hcd::cuda_on_host {

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack;
  bool done = false;
  Dim3 thread;
};
inline constexpr size_t kStack = 64 << 10;
inline std::vector<Fiber> fibers;
inline size_t running;
inline ucontext_t scheduler;
inline Dim3 block_index, block_size, grid_size;
inline const std::function<void()> *body;

inline void wait() { swapcontext(&fibers[running].context, &scheduler); }
inline void enter() {
  (*body)();
  fibers[running].done = true;
  wait();
}

// A block at a time, in order. Throws where some threads of a block end while others wait.
inline void launch(Dim3 grid, Dim3 block, const std::function<void()> &kernel) {
  const size_t n = size_t{block.x} * block.y * block.z;
  if (fibers.size() < n) fibers.resize(n);
  body = &kernel;
  grid_size = grid;
  block_size = block;
  for (block_index.z = 0; block_index.z < grid.z; ++block_index.z) {
    for (block_index.y = 0; block_index.y < grid.y; ++block_index.y) {
      for (block_index.x = 0; block_index.x < grid.x; ++block_index.x) {
        for (size_t i = 0; i < n; ++i) {
          Fiber &fiber = fibers[i];
          if (!fiber.stack) fiber.stack = std::make_unique<char[]>(kStack);
          fiber.done = false;
          const auto at = static_cast<unsigned>(i);
          fiber.thread = {at % block.x, at / block.x % block.y, at / (block.x * block.y)};
          getcontext(&fiber.context);
          fiber.context.uc_stack.ss_sp = fiber.stack.get();
          fiber.context.uc_stack.ss_size = kStack;
          fiber.context.uc_link = nullptr;
          makecontext(&fiber.context, enter, 0);
        }
        for (size_t waiting = n; waiting > 0;) {
          waiting = 0;
          size_t ended = 0;
          for (running = 0; running < n; ++running) {
            if (!fibers[running].done) swapcontext(&scheduler, &fibers[running].context);
            fibers[running].done ? ++ended : ++waiting;
          }
          if (waiting > 0 && ended > 0) {
            throw std::runtime_error("a barrier that not all threads of the block reach");
          }
        }
      }
    }
  }
}

}  // namespace hcd::cuda_on_host

#define threadIdx (::hcd::cuda_on_host::fibers[::hcd::cuda_on_host::running].thread)
#define blockIdx (::hcd::cuda_on_host::block_index)
#define blockDim (::hcd::cuda_on_host::block_size)
#define gridDim (::hcd::cuda_on_host::grid_size)
inline void __syncthreads() { ::hcd::cuda_on_host::wait(); }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
