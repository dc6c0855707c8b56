// SPDX-License-Identifier: BSD-2-Clause
// A picture in memory, as PNG files and the library see it.
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

// What the library is told of `picture`.
inline hcd_format format_of(const Picture &picture) {
  hcd_format format = {};
  format.struct_size = sizeof(format);
  format.width = picture.width;
  format.height = picture.height;
  format.layout = picture.channels == 1 ? HCD_LAYOUT_GRAY : HCD_LAYOUT_RGB;
  format.depth = picture.depth;
  format.range = picture.range;
  return format;
}

// A frame that points to the samples of `picture`.
inline hcd_frame frame_of(Picture &picture) {
  hcd_frame frame = {};
  frame.struct_size = sizeof(frame);
  for (size_t c = 0; c < size_t(picture.channels); ++c) {
    frame.data[c] = picture.planes[c].data();
    frame.stride[c] = ptrdiff_t(picture.row_bytes());
  }
  return frame;
}

}  // namespace hcd::files
