// SPDX-License-Identifier: BSD-2-Clause
#include "quality/luma.h"

#include <cmath>

namespace hcd::quality {

std::vector<float> luma_bt601(ConstPlane red, ConstPlane green, ConstPlane blue,
                              Rounding rounding) {
  check_same_size(red, green);
  check_same_size(red, blue);
  std::vector<float> luma;
  luma.reserve(static_cast<size_t>(red.width) * static_cast<size_t>(red.height));
  for (int y = 0; y < red.height; ++y) {
    const float *r = red.row(y), *g = green.row(y), *b = blue.row(y);
    for (int x = 0; x < red.width; ++x) {
      const double value =
          16.0 + (65.481 * double(r[x]) + 128.553 * double(g[x]) + 24.966 * double(b[x])) / 255.0;
      luma.push_back(
          static_cast<float>(rounding == Rounding::kEightBit ? std::floor(value + 0.5) : value));
    }
  }
  return luma;
}

}  // namespace hcd::quality
