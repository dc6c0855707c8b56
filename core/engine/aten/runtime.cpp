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

constexpr std::array kFloatOps{at::Float32Op::CONV, at::Float32Op::RNN, at::Float32Op::MATMUL};

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

AnySettings AnySettings::now() { return {at::globalContext().userEnabledNNPACK()}; }
void AnySettings::set() const { at::globalContext().setUserEnabledNNPACK(nnpack); }

GpuSettings GpuSettings::now() {
  const at::Context &context = at::globalContext();
  GpuSettings settings{context.benchmarkCuDNN(),
                       context.deterministicCuDNN(),
                       context.deterministicAlgorithms(),
                       context.deterministicAlgorithmsWarnOnly(),
                       context.deterministicFillUninitializedMemory(),
                       {}};
  for (size_t i = 0; i < kFloatOps.size(); ++i) {
    settings.precision[i] = context.float32Precision(at::Float32Backend::CUDA, kFloatOps[i]);
  }
  return settings;
}

GpuSettings GpuSettings::ours() {
  constexpr auto kIeee = at::Float32Precision::IEEE;
  // Deterministic algorithms are only a wish: some derivatives (of bicubic enlarging, say) have no
  // such CUDA kernel.
  return {false, true, true, /*warn_only=*/true, false, {kIeee, kIeee, kIeee}};
}

void GpuSettings::set() const {
  at::Context &context = at::globalContext();
  context.setBenchmarkCuDNN(benchmark);
  context.setDeterministicCuDNN(deterministic_cudnn);
  context.setDeterministicAlgorithms(deterministic, warn_only);
  context.setDeterministicFillUninitializedMemory(fill);
  for (size_t i = 0; i < kFloatOps.size(); ++i) {
    context.setFloat32Precision(at::Float32Backend::CUDA, kFloatOps[i], precision[i]);
  }
}

}  // namespace hcd::aten
