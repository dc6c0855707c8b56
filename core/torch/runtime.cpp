// SPDX-License-Identifier: BSD-2-Clause
#include "torch/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

namespace hcd::torch_backend {
namespace {

// Calls take turns on a GPU: several at once gain nothing there and multiply the memory.
std::mutex gpu_mutex;

// LibTorch keeps the thread count per thread (OpenMP's and MKL's are), so each call looks at its
// own. One: the caller spreads tiles over threads, and other counts give other bits (convolutions
// and sums are split differently). It stays so in the caller's thread, and new threads begin with
// it.
void use_one_thread() {
  if (at::get_num_threads() != 1) at::set_num_threads(1);
}

void prepare_cuda(at::Context &context) {
  context.setBenchmarkCuDNN(false);
  context.setDeterministicCuDNN(true);
  // Only a wish: some derivatives (of bicubic enlarging, say) have no deterministic CUDA kernel.
  context.setDeterministicAlgorithms(true, /*warn_only=*/true);
  context.setDeterministicFillUninitializedMemory(false);
  for (const at::Float32Op op : {at::Float32Op::CONV, at::Float32Op::RNN, at::Float32Op::MATMUL}) {
    context.setFloat32Precision(at::Float32Backend::CUDA, op, at::Float32Precision::IEEE);
  }
}

}  // namespace

void prepare_runtime(bool cuda) {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  at::Context &context = at::globalContext();
  context.setUserEnabledNNPACK(false);  // on CPUs that it does not know it prints a warning
  static bool cuda_ready = false;
  if (cuda && !cuda_ready) prepare_cuda(context);
  cuda_ready = cuda_ready || cuda;
}

CallScope::CallScope(at::Device device, bool gradients)
    : gpu_turn_(gpu_mutex, std::defer_lock), gradients_(gradients) {
  if (device.is_cuda()) gpu_turn_.lock();
  use_one_thread();
}

}  // namespace hcd::torch_backend
