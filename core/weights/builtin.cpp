// SPDX-License-Identifier: BSD-2-Clause
#include "weights/builtin.h"

extern "C" {
#include "files.inc"  // made by CMake: the symbols, and the table kFiles
}

namespace hcd::weights {

std::span<const uint8_t> find(const std::string &model, int scale) {
  const std::string wanted = model + "_x" + std::to_string(scale);
  for (const auto *file = kFiles; file->name; ++file) {
    if (wanted == file->name) return {file->begin, file->end};
  }
  return {};
}

}  // namespace hcd::weights
