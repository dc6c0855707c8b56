// SPDX-License-Identifier: BSD-2-Clause
// Pictures from and to PNG files.
#pragma once

#include "files/png/picture.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hcd::files {

// Reads gray and RGB of 8 and 16 bits; palettes and fewer bits are expanded to 8. Throws HCD_E_FILE
// that names the file: not there, empty, not a PNG, damaged, with an alpha channel, too large.
Picture read_png(const std::string &path);

// The bytes of a PNG file. Throws HCD_E_FILE, which calls the file `path`.
std::vector<uint8_t> encode_png(const Picture &picture, const std::string &path);

}  // namespace hcd::files
