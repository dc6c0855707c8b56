// SPDX-License-Identifier: BSD-2-Clause
// Weights that are in libhcd-torch: the files of core/weights, byte by byte.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hcd::weights {

// The bytes of core/weights/<model>_x<scale>.safetensors; empty where there is no such file.
std::span<const uint8_t> find(const std::string &model, int scale);

}  // namespace hcd::weights
