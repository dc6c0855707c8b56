// SPDX-License-Identifier: BSD-2-Clause
// What libhcd's loader and the libraries it opens (libhcd-cuda, libhcd-torch, libhcd-torch-cuda)
// agree on.
#pragma once

#include <memory>
#include <string>

#include "client/network.h"

namespace hcd::client {

// Number of this agreement: raise it with every change here, in client/network.h or in
// engine/engine.h. C++ types cross the border, so all libraries must come from one build; this
// number catches a mixture.
inline constexpr int kBackendAbi = 10;

// A GPU that our own kernels run on (core/engine/cuda). Everything throws hcd::Error. Engines and
// networks made of it keep what they need of it. Thread-safety: one thread at a time, with all that
// was made of it.
class Gpu {
 public:
  virtual ~Gpu() = default;
  virtual int index() const = 0;
  virtual const std::string &name() const = 0;  // for the log
  // Whether its context is the device's primary one, in which the CUDA runtime works, hence
  // LibTorch.
  virtual bool is_primary() const = 0;

  virtual std::unique_ptr<Engine> make_engine(ThreadPool &pool) = 0;
  // A light network of client/light, on pictures in the engine's memory. `host` may go.
  virtual std::unique_ptr<Network> make_light_network(const Network &host) = 0;

  // Around the work on a frame, where one of the two lies in CUDA memory: what is queued between is
  // ordered behind what their streams hold, and what they get later behind it. Nothing of them is
  // used outside.
  virtual void enter(const hcd_frame &in, const hcd_frame &out) = 0;
  virtual void leave() = 0;
};

// Of libhcd-cuda. Everything in it throws hcd::Error and nothing else.
struct CudaBackend {
  // Device number `index` in its primary context; or the device of the caller's `context` (a
  // CUcontext, which has to outlive what comes), where that is given.
  std::unique_ptr<Gpu> (*open)(int index, void *context);
  // False where the driver says that there is no device.
  bool (*has_device)();
};

// Of libhcd-torch. Everything in it throws hcd::Error and nothing else.
struct TorchBackend {
  // `cuda_device`: its index, or -1 for the CPU; request.device is decided already.
  std::unique_ptr<Network> (*load)(const NetworkRequest &request, int cuda_device, const Log &log);
};

// Of libhcd-torch-cuda, which brings LibTorch's own CUDA library into the process.
struct TorchCudaBackend {
  // Devices that LibTorch can use; where there is none, `reason` says why.
  int (*device_count)(std::string &reason);
  std::string (*device_name)(int index);
};

// The one symbol of each library. Gives NULL where `abi` is not the library's own kBackendAbi.
template <typename Backend>
using Entry = const Backend *(int abi);
inline constexpr const char *kCudaEntry = "hcd_cuda_backend";
inline constexpr const char *kTorchEntry = "hcd_torch_backend";
inline constexpr const char *kTorchCudaEntry = "hcd_torch_cuda_backend";

}  // namespace hcd::client
