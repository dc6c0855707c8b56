// SPDX-License-Identifier: BSD-2-Clause
// The loader of net/network.h, as the rest of libhcd calls it.
#include "base/error.h"
#include "net/catalogue.h"
#include "net/network.h"
#include "net/safetensors.h"
#include "shim/backends.h"
#include "shim/device.h"
#include "shim/torchscript_file.h"

namespace hcd::net {

std::unique_ptr<Network> load_network(const NetworkRequest &request, const Log &log) {
  const shim::Device wanted = shim::parse_device(request.device);
  // What is wrong with the file is said before LibTorch is looked for.
  if (request.model == kTorchscript) {
    shim::check_torchscript_file(request.weights);
  } else if (!request.weights.empty()) {
    Safetensors::open(request.weights);
  }
  const shim::Choice choice = shim::open_backends(wanted);
  if (wanted.kind == shim::Device::Kind::kAuto) {
    const std::string because = choice.reason.empty() ? "" : " (" + choice.reason + ")";
    log(HCD_LOG_INFO, "device=auto: networks run on " + choice.device_name + because);
  }
  return choice.torch->load(request, choice.cuda_device, log);
}

}  // namespace hcd::net
