// SPDX-License-Identifier: BSD-2-Clause
// The one exported symbol of libhcd-torch.
#include "client/backend.h"

#include <hcd/hcd.h>

#include "client/catalogue.h"
#include "engine/aten/errors.h"
#include "engine/aten/functions.h"
#include "engine/aten/runtime.h"

namespace hcd::aten {
namespace {

std::unique_ptr<client::Network> load(const client::NetworkRequest &request, int cuda_device,
                                      const Log &log) {
  const std::string context =
      request.weights.empty() ? "model " + request.model : "weights '" + request.weights + "'";
  return guarded(context, [&] {
    const at::Device device = device_of(cuda_device);
    const CallScope scope(cuda_device >= 0, true);
    auto functions = request.model == client::kTorchscript
                         ? load_torchscript(request.weights, device, log)
                         : load_native(request, device);
    const client::NetworkInfo &info = functions->info();
    log(HCD_LOG_VERBOSE,
        format_text("%s: '%s', factor %d, %d channels, receptive field %d, %s downscaler",
                    functions->title().c_str(), info.name.c_str(), info.scale,
                    channels(info.colour), info.receptive_field,
                    info.has_downscale ? "its own" : "no"));
    return make_network(std::move(functions), cuda_device);
  });
}

}  // namespace
}  // namespace hcd::aten

extern "C" HCD_API const hcd::client::TorchBackend *hcd_torch_backend(int abi);

const hcd::client::TorchBackend *hcd_torch_backend(int abi) {
  static const hcd::client::TorchBackend backend{hcd::aten::load};
  return abi == hcd::client::kBackendAbi ? &backend : nullptr;
}
