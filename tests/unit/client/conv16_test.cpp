// SPDX-License-Identifier: BSD-2-Clause
// Convolutions of whole numbers against plain sums, to the bit; and their making from floats.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "client/light/conv.h"
#include "client/light/integer.h"

namespace hcd::client {
namespace {

struct Numbers {
  explicit Numbers(uint64_t seed) : random(seed) {}
  int64_t next(int64_t most) {  // in [-most, most]
    return static_cast<int64_t>(std::floor(random.uniform(n++) * (2.0 * most + 1))) - most;
  }
  Random random;
  uint64_t n = 0;
};

struct Shape {
  int kernel, in, out, in_stride;
};

// As large as may be: the magnitudes of a channel's weights add up to less than 2^16.
void check(const Shape &s, int width, bool floats, int missing) {
  SCOPED_TRACE(testing::Message() << s.kernel << " " << s.in << " -> " << s.out << ", " << width
                                  << (floats ? " floats" : "") << ", without row " << missing);
  Numbers numbers(static_cast<uint64_t>(s.kernel * 1000 + s.in * 10 + width));
  const int taps = s.kernel * s.kernel * s.in, padding = s.kernel / 2;
  std::vector<int16_t> weights;
  std::vector<int32_t> bias;
  for (int i = 0; i < s.out * taps; ++i) {
    weights.push_back(static_cast<int16_t>(numbers.next(std::min(32767, 65000 / taps))));
  }
  for (int o = 0; o < s.out; ++o) bias.push_back(static_cast<int32_t>(numbers.next(1000000)));
  const Conv16::Sum sum{16, 0.1F, floats ? 0.25F : 0};
  const Conv16 conv(s.kernel, s.in, s.out, s.in_stride, weights, bias, sum);

  const size_t row = static_cast<size_t>(width + 2 * padding + 4) * s.in_stride;
  std::vector<int16_t> picture(row * static_cast<size_t>(s.kernel));
  for (size_t i = 0; i < picture.size(); ++i) {
    const bool counts = static_cast<int>(i % static_cast<size_t>(s.in_stride)) < s.in;
    const int64_t value = i % 7 == 0 ? (i % 2 ? 32767 : -32768) : numbers.next(32767);
    picture[i] = static_cast<int16_t>(counts ? value : 0);
  }
  const int16_t *rows[5];
  for (int k = 0; k < s.kernel; ++k) {
    rows[k] = k == missing ? nullptr : picture.data() + static_cast<size_t>(k) * row;
  }
  const size_t made = static_cast<size_t>(width) * static_cast<size_t>(conv.out_stride());
  std::vector<int16_t> out(made + 16, 99);
  std::vector<float> values(made + 16, 99);
  conv.row(rows, width, out.data(), values.data());
  for (int x = 0; x < width; ++x) {
    for (int o = 0; o < s.out; ++o) {
      int64_t expected = bias[static_cast<size_t>(o)];
      for (int c = 0; c < s.in; ++c) {
        for (int t = 0; t < s.kernel * s.kernel; ++t) {
          if (!rows[t / s.kernel]) continue;
          expected += static_cast<int64_t>(
                          weights[static_cast<size_t>((o * s.in + c) * s.kernel * s.kernel + t)]) *
                      rows[t / s.kernel][(x + t % s.kernel) * s.in_stride + c];
        }
      }
      const auto at = static_cast<size_t>(x * conv.out_stride() + o);
      if (floats) {
        ASSERT_EQ(values[at], static_cast<float>(expected) * 0.25F) << x << " " << o;
        continue;
      }
      const int64_t v = expected >> 16, leaked = std::lrint(static_cast<float>(v) * 0.1F);
      ASSERT_EQ(out[at], std::clamp<int64_t>(v > 0 ? v : leaked, -32768, 32767)) << x << " " << o;
    }
  }
  for (size_t i = made; i < made + 16; ++i) {
    ASSERT_EQ(out[i], 99);
    ASSERT_EQ(values[i], 99);
  }
}

TEST(Conv16, GivesThePlainSums) {
  for (const Shape &s :
       {Shape{3, 1, 16, 1}, Shape{3, 16, 16, 16}, Shape{5, 1, 32, 1}, Shape{3, 32, 32, 32},
        Shape{1, 5, 8, 8}, Shape{3, 20, 24, 24}, Shape{5, 3, 40, 8}}) {
    for (const int width : {1, 4, 5, 13, 33}) {
      check(s, width, false, -1);
      check(s, width, false, width % s.kernel);
    }
  }
}

TEST(Conv16, GivesFloats) {
  for (const Shape &s :
       {Shape{3, 16, 4, 16}, Shape{3, 32, 4, 32}, Shape{3, 16, 1, 16}, Shape{3, 16, 16, 16},
        Shape{3, 5, 4, 8}, Shape{5, 16, 9, 16}, Shape{3, 1, 4, 1}}) {
    for (const int width : {1, 2, 7, 16, 33}) {
      check(s, width, true, -1);
      check(s, width, true, width % s.kernel);
    }
  }
}

// Whatever comes in, no sum leaves 32 bits; and what comes out is near.
TEST(Integer, NoSumOverflows) {
  const Random random(5);
  uint64_t n = 0;
  for (const double size : {1e-6, 0.05, 1.0, 40.0, 1e5}) {
    for (const int in : {8, 16, 64}) {
      Layer layer{{5, in, 16, 0.1F}, {}, {}};
      for (int i = 0; i < 16 * in * 25; ++i) {
        layer.weights.push_back(static_cast<float>(size * random.normal(n++)));
      }
      for (int i = 0; i < 16; ++i) layer.bias.push_back(static_cast<float>(100 * size * i));
      const auto n_in = static_cast<size_t>(in);
      const Layer first{{1, 1, in, 1}, std::vector<float>(n_in, 1.0F), std::vector<float>(n_in)};
      const Layer last{{1, 16, 4, 1}, std::vector<float>(64, 0.5F), std::vector<float>(4, 1.0F)};
      const auto made =
          make_convs(make_integer({first, layer, last}, {500, static_cast<float>(2000 * size), 0}));
      // The worst of pictures, for each channel in turn.
      for (const int sign : {-1, 1}) {
        for (int o = 0; o < 16; ++o) {
          std::vector<int16_t> picture(static_cast<size_t>(5 * 12 * in));
          const int16_t *rows[5];
          for (int y = 0; y < 5; ++y) {
            int16_t *row = picture.data() + static_cast<size_t>(y * 12 * in);
            rows[y] = row;
            for (int i = 0; i < 5 * in; ++i) {
              const float w =
                  layer.weights[static_cast<size_t>(((o * in + i % in) * 5 + y) * 5 + i / in)];
              row[i] = (w > 0) == (sign > 0) ? 32767 : -32768;
            }
          }
          std::vector<int16_t> out(static_cast<size_t>(made[1].out_stride()));
          made[1].row(rows, 1, out.data(), nullptr);
          // An overflow would have turned the sign.
          EXPECT_GT(sign * out[static_cast<size_t>(o)], 0) << size << " " << in << " " << o;
        }
      }
    }
  }
}

}  // namespace
}  // namespace hcd::client
