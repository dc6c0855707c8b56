// SPDX-License-Identifier: BSD-2-Clause
// How LibTorch behaves while it works for us: one thread per call, same bits each time, no output.
#pragma once

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <array>
#include <mutex>

namespace hcd::aten {

// One thread of LibTorch's in the calling thread for the length of a scope: the caller spreads
// tiles over threads, and other numbers give other bits (convolutions and sums are split
// differently).
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread &) = delete;
  OneThread &operator=(const OneThread &) = delete;

 private:
  int omp_ = 0, mkl_ = 0;  // the thread's own
};

// NNPACK off, which prints a warning on CPUs that it does not know. LibTorch has one switch for the
// process: a host that uses LibTorch has its own setting back when no call of ours runs.
class NoNnpack {
 public:
  NoNnpack();
  ~NoNnpack();
  NoNnpack(const NoNnpack &) = delete;
  NoNnpack &operator=(const NoNnpack &) = delete;
};

// Of a call on a GPU, which has it alone among ours: LibTorch's switches as we need them, and then
// as they were.
class GpuTurn {
 public:
  explicit GpuTurn(at::Device device);
  ~GpuTurn();
  GpuTurn(const GpuTurn &) = delete;
  GpuTurn &operator=(const GpuTurn &) = delete;

 private:
  std::unique_lock<std::mutex> turn_;
  bool benchmark_ = false, deterministic_cudnn_ = false, deterministic_ = false;
  bool warn_only_ = false, fill_ = false;
  std::array<at::Float32Precision, 3> precision_{};
};

// Drops LibTorch's warnings, which otherwise go to standard error.
class Silence : public c10::WarningHandler {
 public:
  void process(const c10::Warning &) override {}
};

// Everything that a call changes in LibTorch, for its length.
class CallScope {
 public:
  // `gradients`: whether derivatives will be asked for.
  CallScope(at::Device device, bool gradients) : gpu_turn_(device), gradients_(gradients) {}

 private:
  GpuTurn gpu_turn_;
  NoNnpack no_nnpack_;
  OneThread one_thread_;
  c10::AutoGradMode gradients_;
  // The optimising executor recompiles after its first calls: later calls would give other bits.
  ::torch::jit::GraphOptimizerEnabledGuard plain_executor_{false};
  Silence silence_;
  c10::WarningUtils::WarningHandlerGuard quiet_{&silence_};
};

}  // namespace hcd::aten
