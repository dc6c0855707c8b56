// SPDX-License-Identifier: BSD-2-Clause
// Pictures in memory, as PNG files and the library see them; from and to PNG files.
#pragma once

#include <hcd/hcd.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace hcd::files {

// Something that a PNG file says beside its samples, as it stands there.
struct PngChunk {
  std::string name;  // four letters
  std::vector<uint8_t> data;
  bool after_samples = false;
  bool damaged = false;
};

// Gray (1 channel) or R'G'B' (3); planes without padding, samples of one byte (depth 8)
// or two (depth 16, native endian).
struct Picture {
  int width = 0;
  int height = 0;
  int channels = 0;
  int depth = 0;
  hcd_range range = HCD_RANGE_FULL;  // limited: luma of a video
  std::array<std::vector<uint8_t>, 3> planes;
  std::vector<PngChunk> chunks;

  Picture() = default;
  // A picture of zeros.
  Picture(int w, int h, int channel_count, int bits)
      : width(w), height(h), channels(channel_count), depth(bits) {
    for (int c = 0; c < channels; ++c) planes[size_t(c)].resize(row_bytes() * size_t(height));
  }

  size_t row_bytes() const { return size_t(width) * (depth > 8 ? 2 : 1); }
};

// Reads gray and RGB of 8 and 16 bits; palettes and fewer bits are expanded to 8. Throws HCD_E_FILE
// that names the file: not there, empty, not a PNG, damaged, with an alpha channel, too large.
Picture read_png(const std::string &path);

// The bytes of a PNG file. Throws HCD_E_FILE, which calls the file `path`.
std::vector<uint8_t> encode_png(const Picture &picture, const std::string &path);

}  // namespace hcd::files
