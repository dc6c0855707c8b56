// SPDX-License-Identifier: BSD-2-Clause
// Planes that the tests of hcd_quality compare.
#pragma once

#include "quality/measures.h"

#include <functional>
#include <vector>

namespace hcd::quality {

// A plane with its samples.
class TestPicture {
 public:
  // Sample (x, y) is `value(x, y)`; rows are padded with NaN, so that reading too far shows.
  TestPicture(int width, int height, const std::function<double(int x, int y)> &value)
      : width_(width), height_(height), stride_(width + 3) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) samples_.push_back(static_cast<float>(value(x, y)));
      for (int x = width; x < stride_; ++x) samples_.push_back(__builtin_nanf(""));
    }
  }

  ConstPlane plane() const { return {samples_.data(), width_, height_, stride_}; }

 private:
  int width_, height_, stride_;
  std::vector<float> samples_;
};

// Something with edges and slopes, in whole numbers of [0, 255].
inline double pattern(int x, int y) { return (x * 7 + y * 13 + (x * y) % 17 * 5) % 256; }

// pattern() with a disturbance of up to 15.
inline double disturbed_pattern(int x, int y) {
  const double value = pattern(x, y) + ((x * 5 + y * 3) % 11 - 5) * 3;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

}  // namespace hcd::quality
