// SPDX-License-Identifier: BSD-2-Clause
// SHA-256 (FIPS 180-4): what tells one file from another.
#pragma once

#include <string>
#include <string_view>

namespace hcd::tools {

// The digest of `bytes` in 64 hexadecimal digits.
std::string sha256(std::string_view bytes);

}  // namespace hcd::tools
