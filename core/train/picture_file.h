// SPDX-License-Identifier: BSD-2-Clause
// Training pictures from PNG and JPEG files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hcd::train {

// R'G'B' of 8 bits, interleaved, rows without padding.
struct Picture {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;
};

bool is_picture_file(const std::string &path);  // by its extension: .png, .jpg, .jpeg

// Grey is repeated, 16 bits are reduced to 8. Throws HCD_E_FILE that names the file: damaged, with
// an alpha channel, with more than 32768 pixels a side.
Picture read_picture(const std::string &path);

}  // namespace hcd::train
