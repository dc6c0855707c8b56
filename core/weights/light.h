// SPDX-License-Identifier: BSD-2-Clause
// Weights of light networks, which are in libhcd: the files of core/weights/light, byte by byte.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "net/safetensors.h"

namespace hcd::weights {

// The bytes of core/weights/light/<model>_x<scale>.safetensors; empty where there is no such file.
std::span<const uint8_t> find_light(const std::string &model, int scale);

// A weight file of a light network. Differences (net/differences.h) are added to the built-in
// weights of the model and scale that it names. Throws HCD_E_FILE.
net::Safetensors open_light(const std::string &path);

}  // namespace hcd::weights
