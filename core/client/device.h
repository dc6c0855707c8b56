// SPDX-License-Identifier: BSD-2-Clause
// The option `device`.
#pragma once

#include <string>

namespace hcd::client {

struct Device {
  enum class Kind { kAuto, kCpu, kCuda };
  Kind kind = Kind::kCpu;
  int index = 0;  // of a CUDA device
};

// Reads "auto", "cpu", "cuda" (the first one) or "cuda:N"; throws HCD_E_OPTION for anything else.
Device parse_device(const std::string &text);

}  // namespace hcd::client
