// SPDX-License-Identifier: BSD-2-Clause
// How LibTorch behaves while it works for us: one thread per call, same bits each time, no output.
#pragma once

#include <ATen/Context.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <array>
#include <mutex>
#include <optional>

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

// Settings of which LibTorch has one for the whole process, as they are or as our calls need them.
// NNPACK off, which prints a warning on CPUs that it does not know.
struct AnySettings {
  static AnySettings now();
  static AnySettings ours() { return {false}; }
  void set() const;

  bool nnpack;
};
// Same bits each time on a GPU, as far as there are such kernels, and float32 in full.
struct GpuSettings {
  static GpuSettings now();
  static GpuSettings ours();
  void set() const;

  bool benchmark, deterministic_cudnn, deterministic, warn_only, fill;
  std::array<at::Float32Precision, 3> precision;  // of kFloatOps
};

// The settings are ours while one of these lives: the first sets them, the last puts back what the
// host had, who may use LibTorch, too. Calls need not wait for each other.
template <typename Settings>
class Ours {
 public:
  Ours() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (calls_ == 0) {
      host_ = Settings::now();
      Settings::ours().set();
    }
    ++calls_;
  }
  ~Ours() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--calls_ == 0) host_.set();
  }
  Ours(const Ours &) = delete;
  Ours &operator=(const Ours &) = delete;

 private:
  inline static std::mutex mutex_;
  inline static int calls_ = 0;
  inline static Settings host_{};
};

// Drops LibTorch's warnings, which otherwise go to standard error.
class Silence : public c10::WarningHandler {
 public:
  void process(const c10::Warning &) override {}
};

// Everything that a call changes in LibTorch, for its length.
class CallScope {
 public:
  // `gpu`: whether it runs on one. `gradients`: whether derivatives will be asked for.
  CallScope(bool gpu, bool gradients) : gradients_(gradients) {
    if (gpu) gpu_settings_.emplace();
  }

 private:
  Ours<AnySettings> settings_;
  std::optional<Ours<GpuSettings>> gpu_settings_;
  OneThread one_thread_;
  c10::AutoGradMode gradients_;
  // The optimising executor recompiles after its first calls: later calls would give other bits.
  ::torch::jit::GraphOptimizerEnabledGuard plain_executor_{false};
  Silence silence_;
  c10::WarningUtils::WarningHandlerGuard quiet_{&silence_};
};

}  // namespace hcd::aten
