// SPDX-License-Identifier: BSD-2-Clause
// The option `device`, and the back ends of this process that it asks for: opened at the first
// need, kept for good.
#pragma once

#include <string>

#include "client/backend.h"

namespace hcd::client {

struct Device {
  enum class Kind { kAuto, kCpu, kCuda };
  Kind kind = Kind::kCpu;
  int index = 0;  // of a CUDA device
};

// Reads "auto", "cpu", "cuda" (the first one) or "cuda:N"; throws HCD_E_OPTION for anything else.
Device parse_device(const std::string &text);

struct Choice {
  const TorchBackend *torch = nullptr;
  int cuda_device = -1;     // -1: the CPU
  std::string device_name;  // for the log
  std::string reason;       // why "auto" took the CPU; else ""
};

// Opens what `wanted` needs. Throws HCD_E_DEVICE with what is missing and what to do; only "auto"
// falls back to the CPU. Thread-safety: any thread.
Choice open_backends(const Device &wanted);

}  // namespace hcd::client
