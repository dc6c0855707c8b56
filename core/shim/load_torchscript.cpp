// SPDX-License-Identifier: BSD-2-Clause
// The loader of net/network.h, as the rest of libhcd calls it.
#include "base/error.h"
#include "net/network.h"
#include "shim/backends.h"
#include "shim/device.h"
#include "shim/torchscript_file.h"

namespace hcd::net {

std::unique_ptr<Network> load_torchscript(const std::string &path, const std::string &device,
                                          const Log &log) {
  const shim::Device wanted = shim::parse_device(device);
  shim::check_torchscript_file(path);
  const shim::Choice choice = shim::open_backends(wanted);
  if (wanted.kind == shim::Device::Kind::kAuto) {
    const std::string because = choice.reason.empty() ? "" : " (" + choice.reason + ")";
    log(HCD_LOG_INFO, "device=auto: networks run on " + choice.device_name + because);
  }
  return choice.torch->load(path, choice.cuda_device, log);
}

}  // namespace hcd::net
