// SPDX-License-Identifier: BSD-2-Clause
// SHA-256 of FIPS 180-4, to name files by their content.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hcd {

// The digest as 64 lower-case hexadecimal digits.
std::string sha256(std::span<const uint8_t> bytes);

}  // namespace hcd
