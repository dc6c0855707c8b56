// SPDX-License-Identifier: BSD-2-Clause
// Frames in memory of their own, for tests.
#pragma once

#include <hcd/hcd.h>

#include <cstring>
#include <vector>

#include "support/random_values.h"

namespace hcd::test {

class Frame {
 public:
  explicit Frame(const hcd_format &format) : format_(format) {
    for (int p = 0; p < n_planes(); ++p) {
      stride_[p] =
          static_cast<ptrdiff_t>(row_bytes(p)) + 6;  // padding, to see that nobody writes it
      planes_[p].assign(static_cast<size_t>(stride_[p]) * static_cast<size_t>(height(p)), 0xee);
    }
  }

  hcd_frame view() {
    hcd_frame frame{};
    frame.struct_size = sizeof(frame);
    for (int p = 0; p < n_planes(); ++p) {
      frame.data[p] = planes_[p].data();
      frame.stride[p] = stride_[p];
    }
    return frame;
  }

  int n_planes() const {
    return format_.layout == HCD_LAYOUT_GRAY ? 1 : format_.layout == HCD_LAYOUT_NV12 ? 2 : 3;
  }
  int width(int p) const {
    const bool half =
        p > 0 && (format_.layout == HCD_LAYOUT_YUV420 || format_.layout == HCD_LAYOUT_YUV422 ||
                  format_.layout == HCD_LAYOUT_NV12);
    const int samples = half ? (format_.width + 1) / 2 : format_.width;
    return p == 1 && format_.layout == HCD_LAYOUT_NV12 ? 2 * samples : samples;
  }
  int height(int p) const {
    const bool half =
        p > 0 && (format_.layout == HCD_LAYOUT_YUV420 || format_.layout == HCD_LAYOUT_NV12);
    return half ? (format_.height + 1) / 2 : format_.height;
  }

  int get(int p, int x, int y) const {
    const uint8_t *row = &planes_[p][static_cast<size_t>(y * stride_[p])];
    if (format_.depth == 8) return row[x];
    uint16_t code = 0;
    std::memcpy(&code, row + 2 * x, 2);
    return code >> format_.shift;
  }
  void set(int p, int x, int y, int value) {
    uint8_t *row = &planes_[p][static_cast<size_t>(y * stride_[p])];
    if (format_.depth == 8) {
      row[x] = static_cast<uint8_t>(value);
    } else {
      const auto code = static_cast<uint16_t>(value << format_.shift);
      std::memcpy(row + 2 * x, &code, 2);
    }
  }

  void fill_random(uint64_t seed) {
    const Random random(seed);
    for_each([&](int p, int x, int y, uint64_t n) {
      set(p, x, y, static_cast<int>(random.uniform(n) * (1 << format_.depth)));
    });
  }
  // See natural(); `time` moves the picture.
  void fill_natural(int time = 0) {
    const Random random(static_cast<uint64_t>(time) + 1);
    for_each([&](int p, int x, int y, uint64_t) {
      const float value = natural(x + 3 * time, y + p * 7, random, width(0) + 8);
      set(p, x, y, static_cast<int>(value * static_cast<float>(1 << (format_.depth - 8))));
    });
  }

  bool same_samples(const Frame &other) const {
    bool same = true;
    for_each(
        [&](int p, int x, int y, uint64_t) { same = same && get(p, x, y) == other.get(p, x, y); });
    return same;
  }

  template <typename Function>
  void for_each(const Function &function) const {
    uint64_t n = 0;
    for (int p = 0; p < n_planes(); ++p) {
      for (int y = 0; y < height(p); ++y) {
        for (int x = 0; x < width(p); ++x) function(p, x, y, n++);
      }
    }
  }

 private:
  size_t row_bytes(int p) const {
    return static_cast<size_t>(width(p)) * (format_.depth > 8 ? 2 : 1);
  }

  hcd_format format_;
  std::vector<uint8_t> planes_[4];
  ptrdiff_t stride_[4] = {};
};

}  // namespace hcd::test
