// SPDX-License-Identifier: BSD-2-Clause
// SHA-256 of FIPS 180-4, to name files by their content.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hcd {

// The digest as 64 lower-case hexadecimal digits.
std::string sha256(std::span<const uint8_t> bytes);
inline std::string sha256(std::string_view text) {
  return sha256({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
}

}  // namespace hcd
