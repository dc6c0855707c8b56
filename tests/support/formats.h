// SPDX-License-Identifier: BSD-2-Clause
// Formats of the public API, for tests.
#pragma once

#include <hcd/hcd.h>

namespace hcd::test {

inline hcd_format format_of(int width, int height, hcd_layout layout = HCD_LAYOUT_YUV420,
                            int depth = 8, int shift = 0, hcd_range range = HCD_RANGE_UNSPECIFIED,
                            hcd_matrix matrix = HCD_MATRIX_UNSPECIFIED,
                            hcd_siting siting = HCD_SITING_UNSPECIFIED) {
  hcd_format format{};
  format.struct_size = sizeof(format);
  format.width = width;
  format.height = height;
  format.layout = layout;
  format.depth = depth;
  format.shift = shift;
  format.range = range;
  format.matrix = matrix;
  format.siting = siting;
  return format;
}

// Of frames that come out: the size wanted, or 0.
inline hcd_format wanted_size(int width = 0, int height = 0) {
  hcd_format format{};
  format.struct_size = sizeof(format);
  format.width = width;
  format.height = height;
  return format;
}

}  // namespace hcd::test
