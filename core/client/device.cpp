// SPDX-License-Identifier: BSD-2-Clause
#include "client/device.h"

#include <algorithm>

#include "base/error.h"

namespace hcd::client {
namespace {

// Whether `text` is a device number; three digits are more than any machine has.
bool is_index(const std::string &text) {
  return !text.empty() && text.size() <= 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Device parse_device(const std::string &text) {
  const std::string prefix = "cuda:";
  if (text == "auto") return {Device::Kind::kAuto, 0};
  if (text == "cpu") return {Device::Kind::kCpu, 0};
  if (text == "cuda") return {Device::Kind::kCuda, 0};
  const bool numbered = text.starts_with(prefix) && is_index(text.substr(prefix.size()));
  HCD_CHECK(numbered, HCD_E_OPTION, "option device: expected auto, cpu, cuda or cuda:N, found '%s'",
            text.c_str());
  return {Device::Kind::kCuda, std::stoi(text.substr(prefix.size()))};
}

}  // namespace hcd::client
