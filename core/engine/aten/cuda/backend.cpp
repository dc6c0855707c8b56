// SPDX-License-Identifier: BSD-2-Clause
// The one exported symbol of libhcd-torch-cuda: which CUDA devices LibTorch can use.
#include "client/backend.h"

#include <ATen/cuda/CUDAContextLight.h>
#include <c10/cuda/CUDAFunctions.h>
#include <hcd/hcd.h>

#include <exception>

namespace {

// Keeps why LibTorch finds no device (an old driver, say), which it otherwise prints.
class Collect : public c10::WarningHandler {
 public:
  explicit Collect(std::string &text) : text_(text) {}
  void process(const c10::Warning &warning) override {
    text_ = warning.msg().substr(0, warning.msg().find('\n'));
  }

 private:
  std::string &text_;
};

int device_count(std::string &reason) {
  reason = "the driver counts none";
  Collect collect(reason);
  const c10::WarningUtils::WarningHandlerGuard guard(&collect);
  return c10::cuda::device_count();
}

std::string device_name(int index) {
  try {
    return at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(index))->name;
  } catch (const std::exception &) {
    return "unknown";  // only for the log; the first use of the device reports what is wrong
  }
}

}  // namespace

extern "C" HCD_API const hcd::client::TorchCudaBackend *hcd_torch_cuda_backend(int abi);

const hcd::client::TorchCudaBackend *hcd_torch_cuda_backend(int abi) {
  static const hcd::client::TorchCudaBackend backend{device_count, device_name};
  return abi == hcd::client::kBackendAbi ? &backend : nullptr;
}
