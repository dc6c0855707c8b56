// SPDX-License-Identifier: BSD-2-Clause
// A weight file in a library.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hcd::weights {

struct File {
  const char *name;  // <model>_x<scale>
  const uint8_t *begin, *end;
};

// The bytes of a model's file in a list that ends with the name nullptr; empty where it has none.
inline std::span<const uint8_t> find_in(const File *files, const std::string &model, int scale) {
  const std::string wanted = model + "_x" + std::to_string(scale);
  for (; files->name; ++files) {
    if (wanted == files->name) return {files->begin, files->end};
  }
  return {};
}

}  // namespace hcd::weights
