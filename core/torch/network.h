// SPDX-License-Identifier: BSD-2-Clause
// A TorchScript pair as a Network.
#pragma once

#include <memory>
#include <string>

#include "net/network.h"

namespace hcd::torch_backend {

// `cuda_device`: its index, or -1 for the CPU.
std::unique_ptr<net::Network> load_network(const std::string &path, int cuda_device,
                                           const Log &log);

}  // namespace hcd::torch_backend
