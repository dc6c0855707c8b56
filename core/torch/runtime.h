// SPDX-License-Identifier: BSD-2-Clause
// How LibTorch behaves while it works for us: one thread per call, same bits each time, no output.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <mutex>

namespace hcd::torch_backend {

// Process-wide settings; cheap when repeated. Thread-safety: any thread.
void prepare_runtime(bool cuda);

// Drops LibTorch's warnings, which otherwise go to standard error.
class Silence : public c10::WarningHandler {
 public:
  void process(const c10::Warning &) override {}
};

// Settings of the calling thread for the length of one call.
class CallScope {
 public:
  // `gradients`: whether derivatives will be asked for.
  CallScope(at::Device device, bool gradients);

 private:
  std::unique_lock<std::mutex> gpu_turn_;
  c10::AutoGradMode gradients_;
  // The optimising executor recompiles after its first calls: later calls would give other bits.
  ::torch::jit::GraphOptimizerEnabledGuard plain_executor_{false};
  Silence silence_;
  c10::WarningUtils::WarningHandlerGuard quiet_{&silence_};
};

}  // namespace hcd::torch_backend
