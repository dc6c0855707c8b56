// SPDX-License-Identifier: BSD-2-Clause
// The one exported symbol of libhcd-cuda.
#include "client/backend.h"

#include <hcd/hcd.h>

#include "engine/cuda/device.h"
#include "engine/cuda/engine.h"
#include "engine/cuda/frames.h"
#include "engine/cuda/light_network.h"

namespace hcd::cuda {
namespace {

// nullptr, our own, for frames of the host.
Stream stream_for(const hcd_frame &frame) {
  return frame.device == HCD_DEVICE_CUDA ? stream_of(frame) : nullptr;
}

// Only to be compared: it is not retained.
Context primary_context(int index) {
  const Driver &d = driver();
  DeviceId device = 0;
  d.check(d.device_get(&device, index), "cuDeviceGet");
  Context context = nullptr;
  d.check(d.primary_retain(&context, device), "cuDevicePrimaryCtxRetain");
  d.check(d.primary_release(device), "cuDevicePrimaryCtxRelease");
  return context;
}

class CudaGpu : public client::Gpu {
 public:
  CudaGpu(int index, Context context)
      : device_(std::make_shared<Device>(index, context)),
        primary_(!context || context == primary_context(device_->index())) {}

  int index() const override { return device_->index(); }
  const std::string &name() const override { return device_->name(); }
  bool is_primary() const override { return primary_; }

  std::unique_ptr<Engine> make_engine(ThreadPool &pool) override {
    return cuda::make_engine(device_, pool);
  }
  std::unique_ptr<client::Network> make_light_network(const client::Network &host) override {
    return cuda::make_light_network(device_, host);
  }

  void enter(const hcd_frame &in, const hcd_frame &out) override {
    last_ = stream_for(out);
    device_->use_stream(last_);
    device_->use_stream(stream_for(in));
  }
  void leave() override {
    device_->use_stream(last_);
    device_->use_stream(nullptr);
  }

 private:
  std::shared_ptr<Device> device_;
  bool primary_;
  Stream last_ = nullptr;  // of the frame that comes out
};

std::unique_ptr<client::Gpu> open(int index, void *context) {
  return std::make_unique<CudaGpu>(index, context);
}

}  // namespace
}  // namespace hcd::cuda

extern "C" HCD_API const hcd::client::CudaBackend *hcd_cuda_backend(int abi);

const hcd::client::CudaBackend *hcd_cuda_backend(int abi) {
  static const hcd::client::CudaBackend backend{hcd::cuda::open, hcd::cuda::has_device};
  return abi == hcd::client::kBackendAbi ? &backend : nullptr;
}
