// SPDX-License-Identifier: BSD-2-Clause
// The one exported symbol of libhcd-torch.
#include "net/backend.h"

#include <hcd/hcd.h>

#include "torch/network.h"

extern "C" HCD_API const hcd::net::TorchBackend *hcd_torch_backend(int abi);

const hcd::net::TorchBackend *hcd_torch_backend(int abi) {
  static const hcd::net::TorchBackend backend{hcd::torch_backend::load_network};
  return abi == hcd::net::kBackendAbi ? &backend : nullptr;
}
