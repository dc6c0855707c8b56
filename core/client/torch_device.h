// SPDX-License-Identifier: BSD-2-Clause
// The back ends of LibTorch that the option `device` asks for.
#pragma once

#include <string>

#include "client/backend.h"
#include "client/device.h"

namespace hcd::client {

struct TorchChoice {
  const TorchBackend *torch = nullptr;
  int cuda_device = -1;     // -1: the CPU
  std::string device_name;  // for the log
  std::string reason;       // why "auto" took the CPU; else ""
};

// Opens what `wanted` needs. Throws HCD_E_DEVICE with what is missing and what to do; only "auto"
// falls back to the CPU. Thread-safety: any thread.
TorchChoice open_torch_backends(const Device &wanted);

}  // namespace hcd::client
