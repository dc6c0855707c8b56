// SPDX-License-Identifier: BSD-2-Clause
// Weights of light networks, which are in libhcd: the files of this folder, byte by byte.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hcd::weights {

// The bytes of <model>_x<scale>.safetensors; empty where there is no such file.
std::span<const uint8_t> find_light(const std::string &model, int scale);

}  // namespace hcd::weights
