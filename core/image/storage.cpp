// SPDX-License-Identifier: BSD-2-Clause
#include "image/storage.h"

#include <algorithm>

#include "base/random.h"

namespace hcd::image {

int stored_planes(const hcd_format &format) {
  return format.layout == HCD_LAYOUT_NV12 ? 2 : n_components(format);
}

size_t row_bytes(const hcd_format &format, int p) {
  const size_t interleaved = format.layout == HCD_LAYOUT_NV12 && p == 1 ? 2 : 1;
  return static_cast<size_t>(component_width(format, p)) * (format.depth > 8 ? 2 : 1) * interleaved;
}

Storage storage(const hcd_format &format, const hcd_frame &frame, int c) {
  if (format.layout == HCD_LAYOUT_NV12 && c > 0) {
    return {frame.data[1] + (c - 1) * (format.depth > 8 ? 2 : 1), 2, frame.stride[1]};
  }
  return {frame.data[c], 1, frame.stride[c]};
}

Range code_range(int depth, Range range) {
  const float scale = code_scale(depth), top = static_cast<float>((1 << depth) - 1);
  return {std::min(range.low * scale, top), range.high >= 255 ? top : range.high * scale};
}

uint64_t hash_frame(const hcd_format &format, const hcd_frame &frame, uint64_t seed) {
  uint64_t hash = seed;
  for (int p = 0; p < stored_planes(format); ++p) {
    for (int y = 0; y < component_height(format, p); ++y) {
      hash = hash_bytes(frame.data[p] + y * frame.stride[p], row_bytes(format, p), hash);
    }
  }
  return hash;
}

}  // namespace hcd::image
