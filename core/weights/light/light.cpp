// SPDX-License-Identifier: BSD-2-Clause
#include "weights/builtin.h"

extern "C" {
#include "hcd_weights_light.inc"  // made by CMake: the symbols, and the table kFiles
}

namespace hcd::weights {

std::span<const uint8_t> find_light(const std::string &model, int scale) {
  return find_in(kFiles, model, scale);
}

std::span<const uint8_t> find_light(const std::string &name) { return find_in(kFiles, name); }

}  // namespace hcd::weights
