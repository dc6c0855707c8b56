// SPDX-License-Identifier: BSD-2-Clause
#include "engine/aten/runtime.h"

#include <ATen/Parallel.h>

// Of the OpenMP and the MKL that LibTorch was built with; null where it was built without.
extern "C" {
[[gnu::weak]] int omp_get_max_threads(void);
[[gnu::weak]] void omp_set_num_threads(int);
[[gnu::weak]] int MKL_Set_Num_Threads_Local(int);
}

namespace hcd::aten {
namespace {

// Calls take turns on a GPU: several at once gain nothing there and multiply the memory.
std::mutex gpu_mutex;

constexpr std::array kFloatOps{at::Float32Op::CONV, at::Float32Op::RNN, at::Float32Op::MATMUL};

// Calls that run on a CPU or a GPU, and what the host had before the first of them.
std::mutex nnpack_mutex;
int nnpack_calls = 0;
bool nnpack_kept = true;

}  // namespace

// at::set_num_threads() would do, but what it sets is also what new threads of the host begin with.
OneThread::OneThread() {
  if (!omp_set_num_threads) return;
  omp_ = omp_get_max_threads();
  at::get_num_threads();  // chooses a number at the first use in a thread: before ours, not after
  omp_set_num_threads(1);
  if (MKL_Set_Num_Threads_Local) mkl_ = MKL_Set_Num_Threads_Local(1);
}

OneThread::~OneThread() {
  if (!omp_set_num_threads) return;
  omp_set_num_threads(omp_);
  if (MKL_Set_Num_Threads_Local) MKL_Set_Num_Threads_Local(mkl_);
}

NoNnpack::NoNnpack() {
  const std::lock_guard<std::mutex> lock(nnpack_mutex);
  if (nnpack_calls++ > 0) return;
  nnpack_kept = at::globalContext().userEnabledNNPACK();
  at::globalContext().setUserEnabledNNPACK(false);
}

NoNnpack::~NoNnpack() {
  const std::lock_guard<std::mutex> lock(nnpack_mutex);
  if (--nnpack_calls == 0) at::globalContext().setUserEnabledNNPACK(nnpack_kept);
}

GpuTurn::GpuTurn(at::Device device) : turn_(gpu_mutex, std::defer_lock) {
  if (!device.is_cuda()) return;
  turn_.lock();
  at::Context &context = at::globalContext();
  benchmark_ = context.benchmarkCuDNN();
  deterministic_cudnn_ = context.deterministicCuDNN();
  deterministic_ = context.deterministicAlgorithms();
  warn_only_ = context.deterministicAlgorithmsWarnOnly();
  fill_ = context.deterministicFillUninitializedMemory();
  for (size_t i = 0; i < kFloatOps.size(); ++i) {
    precision_[i] = context.float32Precision(at::Float32Backend::CUDA, kFloatOps[i]);
  }
  context.setBenchmarkCuDNN(false);
  context.setDeterministicCuDNN(true);
  // Only a wish: some derivatives (of bicubic enlarging, say) have no deterministic CUDA kernel.
  context.setDeterministicAlgorithms(true, /*warn_only=*/true);
  context.setDeterministicFillUninitializedMemory(false);
  for (const at::Float32Op op : kFloatOps) {
    context.setFloat32Precision(at::Float32Backend::CUDA, op, at::Float32Precision::IEEE);
  }
}

GpuTurn::~GpuTurn() {
  if (!turn_.owns_lock()) return;
  at::Context &context = at::globalContext();
  context.setBenchmarkCuDNN(benchmark_);
  context.setDeterministicCuDNN(deterministic_cudnn_);
  context.setDeterministicAlgorithms(deterministic_, warn_only_);
  context.setDeterministicFillUninitializedMemory(fill_);
  for (size_t i = 0; i < kFloatOps.size(); ++i) {
    context.setFloat32Precision(at::Float32Backend::CUDA, kFloatOps[i], precision_[i]);
  }
}

}  // namespace hcd::aten
