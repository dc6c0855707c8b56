// SPDX-License-Identifier: BSD-2-Clause
// A picture's plane as the quality measures see it: floats in 8-bit code values, not owned.
#pragma once

#include <cstddef>
#include <stdexcept>

namespace hcd::quality {

// `height` rows of `width` samples; rows lie `stride` samples apart. Values: 8-bit code values,
// [0, 255], fractions allowed.
struct Plane {
  const float *data = nullptr;
  int width = 0;
  int height = 0;
  ptrdiff_t stride = 0;

  const float *row(int y) const { return data + y * stride; }

  // The plane without `border` samples on each side. Throws std::invalid_argument where nothing
  // would be left.
  Plane without_border(int border) const {
    if (border < 0 || width <= 2 * border || height <= 2 * border) {
      throw std::invalid_argument("the picture is not larger than the border to be cut");
    }
    return {data + border * stride + border, width - 2 * border, height - 2 * border, stride};
  }
};

// Throws std::invalid_argument unless both planes have the same size, one sample or more.
inline void check_same_size(const Plane &a, const Plane &b) {
  if (a.width != b.width || a.height != b.height || a.width < 1 || a.height < 1) {
    throw std::invalid_argument("pictures to be compared must have the same size");
  }
}

}  // namespace hcd::quality
