// SPDX-License-Identifier: BSD-2-Clause
// What libhcd's loader and the libraries it opens (libhcd-torch, libhcd-torch-cuda) agree on.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "client/network.h"

namespace hcd::client {

// Number of this agreement: raise it with every change here or in client/network.h. C++ types cross
// the border, so all three libraries must come from one build; this number catches a mixture.
inline constexpr int kBackendAbi = 6;

// Of libhcd-torch. Everything in it throws hcd::Error and nothing else.
struct TorchBackend {
  // `bytes`: the weights, a safetensors file, where libhcd has read it or has them built in; where
  // empty, libhcd-torch opens the request's file or looks among its own. `cuda_device`: its index,
  // or -1 for the CPU; request.device is decided already.
  std::unique_ptr<Network> (*load)(const NetworkRequest &request, std::span<const uint8_t> bytes,
                                   int cuda_device, const Log &log);
};

// Of libhcd-torch-cuda, which also brings LibTorch's own CUDA library into the process.
struct CudaBackend {
  // Usable devices; where there is none, `reason` says why.
  int (*device_count)(std::string &reason);
  std::string (*device_name)(int index);
};

// The one symbol of each library. Gives NULL where `abi` is not the library's own kBackendAbi.
using TorchEntry = const TorchBackend *(int abi);
using CudaEntry = const CudaBackend *(int abi);
inline constexpr const char *kTorchEntry = "hcd_torch_backend";
inline constexpr const char *kCudaEntry = "hcd_cuda_backend";

}  // namespace hcd::client
