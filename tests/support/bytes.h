// SPDX-License-Identifier: BSD-2-Clause
// Pieces of binary files.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hcd::test {

inline std::span<const uint8_t> bytes_of(const std::string &text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

// Little-endian.
inline std::string number(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

// `count` floats 0, 1, 2, ...
inline std::string floats(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const auto value = static_cast<float>(i);
    text.append(reinterpret_cast<const char *>(&value), sizeof(value));
  }
  return text;
}

}  // namespace hcd::test
