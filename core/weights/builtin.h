// SPDX-License-Identifier: BSD-2-Clause
// Weight files that are in the libraries, byte by byte.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hcd::weights {

// The bytes of <model>_x<scale>.safetensors; empty where there is no such file.
std::span<const uint8_t> find(const std::string &model, int scale);  // core/weights: libhcd-torch
std::span<const uint8_t> find_light(const std::string &model, int scale);  // its light/: libhcd
std::span<const uint8_t> find_light(const std::string &name);              // its whole name

// The tables that CMake makes: they end with the name nullptr.
struct File {
  const char *name;  // <model>_x<scale>
  const uint8_t *begin, *end;
};

inline std::span<const uint8_t> find_in(const File *files, const std::string &wanted) {
  for (; files->name; ++files) {
    if (wanted == files->name) return {files->begin, files->end};
  }
  return {};
}

inline std::span<const uint8_t> find_in(const File *files, const std::string &model, int scale) {
  return find_in(files, model + "_x" + std::to_string(scale));
}

}  // namespace hcd::weights
