// SPDX-License-Identifier: BSD-2-Clause
// Pictures for the tests of networks.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "base/view.h"

namespace hcd::test {

// A picture on the 8-bit scale that owns its samples. Rows and planes have gaps, and the gaps hold
// NaN, so that code which reads past a row's end shows.
class Picture {
 public:
  // `gap`: samples between two rows.
  Picture(int channels, int height, int width, int gap = 3)
      : channels_(channels),
        height_(height),
        width_(width),
        stride_(width + gap),
        plane_(static_cast<ptrdiff_t>(stride_) * height + 2 * gap),
        samples_(static_cast<size_t>(plane_ * channels), NAN) {
    fill([](uint64_t) { return 0.0; });
  }

  static Picture noise(int channels, int height, int width, uint64_t seed) {
    Picture picture(channels, height, width);
    const Random random(seed);
    picture.fill([&](uint64_t i) { return 64 + 128 * random.uniform(i); });
    return picture;
  }

  template <typename Value>
  void fill(const Value &value) {
    uint64_t i = 0;
    for (int c = 0; c < channels_; ++c) {
      for (int y = 0; y < height_; ++y) {
        for (int x = 0; x < width_; ++x) at(c, y, x) = static_cast<float>(value(i++));
      }
    }
  }

  float &at(int c, int y, int x) { return samples_[index(c, y, x)]; }
  float at(int c, int y, int x) const { return samples_[index(c, y, x)]; }
  Plane view() { return {samples_.data(), channels_, height_, width_, stride_, plane_}; }
  ConstPlane view() const { return {samples_.data(), channels_, height_, width_, stride_, plane_}; }
  ConstPlane read() const { return view(); }
  Rect all() const { return {0, 0, width_, height_}; }

  // The samples row by row without the gaps.
  std::vector<float> values() const {
    std::vector<float> values;
    for (int c = 0; c < channels_; ++c) {
      for (int y = 0; y < height_; ++y) {
        for (int x = 0; x < width_; ++x) values.push_back(at(c, y, x));
      }
    }
    return values;
  }

  // Whether the gaps are as they were.
  bool gaps_untouched() const {
    size_t nan = 0;
    for (const float sample : samples_) nan += std::isnan(sample);
    return nan == samples_.size() - static_cast<size_t>(channels_) * height_ * width_;
  }

  // Everything, gaps included.
  std::vector<float> &samples() { return samples_; }
  const std::vector<float> &samples() const { return samples_; }

  int channels() const { return channels_; }
  int height() const { return height_; }
  int width() const { return width_; }

 private:
  size_t index(int c, int y, int x) const {
    return static_cast<size_t>(c * plane_ + static_cast<ptrdiff_t>(y) * stride_ + x);
  }

  int channels_, height_, width_, stride_;
  ptrdiff_t plane_;
  std::vector<float> samples_;
};

inline double dot(const Picture &a, const Picture &b) {
  const std::vector<float> u = a.values(), v = b.values();
  double sum = 0.0;
  for (size_t i = 0; i < u.size(); ++i) sum += static_cast<double>(u[i]) * v[i];
  return sum;
}

// a + step * direction
inline Picture moved(const Picture &a, const Picture &direction, double step) {
  Picture sum = a;
  const std::vector<float> u = a.values(), v = direction.values();
  sum.fill([&](uint64_t i) { return u[i] + step * v[i]; });
  return sum;
}

inline double largest_difference(const Picture &a, const Picture &b) {
  const std::vector<float> u = a.values(), v = b.values();
  double largest = u.size() == v.size() ? 0.0 : INFINITY;
  for (size_t i = 0; i < u.size() && i < v.size(); ++i) {
    largest = std::fmax(largest, std::fabs(static_cast<double>(u[i]) - v[i]));
  }
  return largest;
}

}  // namespace hcd::test
