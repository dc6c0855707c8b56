// SPDX-License-Identifier: BSD-2-Clause
// Stands in for libhcd-torch (FAKE_TORCH), libhcd-torch-cuda or a CUDA driver in devices_test: says
// in the environment when it was opened, and where a network was asked to run.
#include <stdlib.h>

#include <string>

#include "base/error.h"
#include "client/backend.h"

namespace {

void note(const char *what) {
  const char *before = getenv("HCD_FAKE_BACKENDS");
  setenv("HCD_FAKE_BACKENDS", ((before ? before : "") + std::string(what) + " ").c_str(), 1);
}

[[maybe_unused]] std::unique_ptr<hcd::client::Network> load(const hcd::client::NetworkRequest &,
                                                            int device, const hcd::Log &) {
  throw hcd::Error(HCD_E_FILE, "asked to run on " + std::to_string(device));
}

}  // namespace

extern "C" {

#if defined(FAKE_TORCH)
HCD_API const hcd::client::TorchBackend *hcd_torch_backend(int) {
  static const hcd::client::TorchBackend backend{load};
  note("torch");
  return &backend;
}
#else
HCD_API const hcd::client::TorchCudaBackend *hcd_torch_cuda_backend(int) {
  static const hcd::client::TorchCudaBackend backend{[](std::string &) { return 2; },
                                                     [](int) -> std::string { return "fake"; }};
  note("cuda");
  return &backend;
}
#endif

}  // extern "C"
