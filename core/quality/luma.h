// SPDX-License-Identifier: BSD-2-Clause
// Luma of R'G'B' pictures as the literature on super-resolution measures it.
#pragma once

#include "quality/plane.h"

#include <vector>

namespace hcd::quality {

enum class Rounding {
  kNone,     // fractions kept
  kEightBit  // to the nearest whole code value, halves up
};

// BT.601 luma in limited range, as MATLAB's rgb2ycbcr: 16 + (65.481 R + 128.553 G + 24.966 B) / 255
// for full-range R'G'B' in [0, 255]; black gives 16, white 235. The result has no padding: its
// stride is the width. Throws std::invalid_argument if the sizes differ.
std::vector<float> luma_bt601(ConstPlane red, ConstPlane green, ConstPlane blue, Rounding rounding);

}  // namespace hcd::quality
