// SPDX-License-Identifier: BSD-2-Clause
// Planes as the quality measures see them: floats in 8-bit code values, [0, 255], fractions
// allowed.
#pragma once

#include <stdexcept>

#include "base/view.h"

namespace hcd::quality {

// The plane without `border` samples on each side. Throws std::invalid_argument where nothing would
// be left.
inline ConstPlane without_border(ConstPlane plane, int border) {
  if (border < 0 || plane.width <= 2 * border || plane.height <= 2 * border) {
    throw std::invalid_argument("the picture is not larger than the border to be cut");
  }
  return plane.crop({border, border, plane.width - 2 * border, plane.height - 2 * border});
}

// Throws std::invalid_argument unless both planes have the same size, one sample or more.
inline void check_same_size(ConstPlane a, ConstPlane b) {
  if (a.width != b.width || a.height != b.height || a.width < 1 || a.height < 1) {
    throw std::invalid_argument("pictures to be compared must have the same size");
  }
}

}  // namespace hcd::quality
