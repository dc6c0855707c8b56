// SPDX-License-Identifier: BSD-2-Clause
// The one exported symbol of libhcd-torch.
#include "net/backend.h"

#include <hcd/hcd.h>

#include "net/catalogue.h"
#include "torch/errors.h"
#include "torch/native.h"
#include "torch/runtime.h"
#include "torch/torchscript.h"

namespace hcd::torch_backend {
namespace {

std::unique_ptr<net::Network> load(const net::NetworkRequest &request,
                                   std::span<const uint8_t> bytes, int cuda_device,
                                   const Log &log) {
  const std::string context =
      request.weights.empty() ? "model " + request.model : "weights '" + request.weights + "'";
  return guarded(context, [&] {
    const at::Device device =
        cuda_device < 0 ? at::Device(at::kCPU)
                        : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(cuda_device));
    const CallScope scope(device, true);
    auto functions = request.model == net::kTorchscript
                         ? load_torchscript(request.weights, device, log)
                         : load_native(request, bytes, device);
    const net::NetworkInfo &info = functions->info();
    log(HCD_LOG_VERBOSE,
        format_text("%s: '%s', factor %d, %d channels, receptive field %d, %s downscaler",
                    functions->title().c_str(), info.name.c_str(), info.scale,
                    channels(info.colour), info.receptive_field,
                    info.has_downscale ? "its own" : "no"));
    return make_network(std::move(functions));
  });
}

}  // namespace
}  // namespace hcd::torch_backend

extern "C" HCD_API const hcd::net::TorchBackend *hcd_torch_backend(int abi);

const hcd::net::TorchBackend *hcd_torch_backend(int abi) {
  static const hcd::net::TorchBackend backend{hcd::torch_backend::load};
  return abi == hcd::net::kBackendAbi ? &backend : nullptr;
}
