// SPDX-License-Identifier: BSD-2-Clause
// Frames at the ends of the range, where a viewer's clipping shows: never worse than plain ones.
#include <gtest/gtest.h>
#include <hcd/hcd.h>

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support/context.h"
#include "support/formats.h"
#include "support/frames.h"

namespace hcd::test {
namespace {

constexpr int kWidth = 96, kHeight = 64;

using Pattern = bool (*)(int x, int y);
constexpr std::pair<const char *, Pattern> kPatterns[] = {
    {"stripes of 3", [](int x, int) { return x / 3 % 2 == 0; }},
    {"stripes of 8", [](int x, int) { return x / 8 % 2 == 0; }},
    {"lying stripes of 5", [](int, int y) { return y / 5 % 2 == 0; }},
    {"squares of 3", [](int x, int y) { return (x / 3 + y / 3) % 2 == 0; }},
    {"grid of 8", [](int x, int y) { return x % 8 == 0 || y % 8 == 0; }},
    {"dark grid of 16", [](int x, int y) { return x % 16 > 1 && y % 16 > 1; }},
    {"strokes", [](int x, int y) { return (x * x / 7 + y * y / 5) % 9 < 3; }},
    {"one edge", [](int x, int) { return x < 47; }},
    {"white", [](int, int) { return true; }},
};

hcd_format make_format(hcd_layout layout, int depth, hcd_range range) {
  return format_of(kWidth, kHeight, layout, depth, 0, range);
}

// Of the chroma planes, code values of the format.
double chroma_error(const Frame &a, const Frame &b) {
  double sum = 0;
  a.for_each([&](int p, int x, int y, uint64_t) {
    if (p > 0) sum += std::pow(a.get(p, x, y) - b.get(p, x, y), 2);
  });
  return sum;
}

// What a viewer with a bicubic scaler sees of `small`.
Frame enlarged(Frame &small, const hcd_format &small_format, const hcd_format &format) {
  Up up({}, small_format, format.width, format.height);
  Frame result(format);
  up.run(small, result);
  return result;
}

class RangeTest : public testing::TestWithParam<const char *> {};

TEST_P(RangeTest, ClippingNeverMakesFramesWorseThanPlainOnes) {
  int kept = 0;
  for (const hcd_layout layout : {HCD_LAYOUT_GRAY, HCD_LAYOUT_YUV420}) {
    for (const int depth : {8, 10}) {
      // In the limited range: its own ends, and those of the code values.
      for (const auto &[range, low, high] :
           {std::tuple{HCD_RANGE_FULL, 0, 255}, std::tuple{HCD_RANGE_LIMITED, 16, 235},
            std::tuple{HCD_RANGE_LIMITED, 0, 255}}) {
        const hcd_format format = make_format(layout, depth, range);
        Down down({{"model", GetParam()}}, format);
        Frame in(format), out(down.out()), plain(down.out());
        const int unit = 1 << (depth - 8), top = high == 255 ? (1 << depth) - 1 : high * unit;
        for (const auto &[name, pattern] : kPatterns) {
          SCOPED_TRACE(testing::Message() << name << ", layout " << layout << ", depth " << depth
                                          << ", range " << range << ", " << low << "/" << high);
          in.for_each([&, white = pattern, black = low * unit](int p, int x, int y, uint64_t) {
            in.set(p, x, y, white(x, y + p) ? top : black);
          });
          const hcd_stats stats = down.run(in, out);
          down.run(in, plain, HCD_FRAME_PLAIN);
          // The loss mixed gives away hundredths of a decibel for detail; equal frames: infinity.
          if (stats.psnr != stats.psnr_plain) {
            EXPECT_GT(stats.psnr, stats.psnr_plain - 0.12);
          }
          if (stats.kept_plain) {
            EXPECT_TRUE(out.same_samples(plain));
          }
          kept += stats.kept_plain;
          if (layout == HCD_LAYOUT_GRAY) continue;
          EXPECT_LE(chroma_error(enlarged(out, down.out(), format), in),
                    1.001 * chroma_error(enlarged(plain, down.out(), format), in));
        }
      }
    }
  }
  EXPECT_GT(kept, 0);
}

TEST_P(RangeTest, ChromaIsJudgedByItself) {
  const hcd_format format = make_format(HCD_LAYOUT_YUV420, 8, HCD_RANGE_LIMITED);
  Down down({{"model", GetParam()}}, format);
  Frame in(format), out(down.out()), plain(down.out());
  in.fill_natural();
  in.for_each([&](int p, int x, int y, uint64_t) {
    if (p > 0) in.set(p, x, y, x < 23 ? 0 : 255);  // outside the tagged range
  });
  EXPECT_EQ(down.run(in, out).kept_plain, 0);
  down.run(in, plain, HCD_FRAME_PLAIN);
  EXPECT_LE(chroma_error(enlarged(out, down.out(), format), in),
            chroma_error(enlarged(plain, down.out(), format), in));
}

// Where nothing is clipped nothing is given up.
TEST_P(RangeTest, OrdinaryFramesAreDescended) {
  const hcd_format format = make_format(HCD_LAYOUT_YUV420, 8, HCD_RANGE_FULL);
  Down down({{"model", GetParam()}}, format);
  Frame in(format), out(down.out());
  in.fill_natural();
  const hcd_stats stats = down.run(in, out);
  EXPECT_EQ(stats.kept_plain, 0);
  EXPECT_GT(stats.steps, 0);
}

// Those who ask for the mathematics of squared error get it, clipped or not.
TEST(Range, OtherLossesKeepTheirMathematics) {
  const hcd_format format = make_format(HCD_LAYOUT_GRAY, 8, HCD_RANGE_LIMITED);
  Frame in(format);
  in.for_each([&](int p, int x, int y, uint64_t) { in.set(p, x, y, x / 8 % 2 ? 255 : 0); });
  for (const Options &options : {Options{{"optimizer", "exact"}}, Options{{"optimizer", "cg"}},
                                 Options{{"preset", "paper"}}, Options{{"loss", "mse"}}}) {
    Down down(options, format);
    Frame out(down.out()), plain(down.out());
    EXPECT_EQ(down.run(in, out).kept_plain, 0);
    down.run(in, plain, HCD_FRAME_PLAIN);
    EXPECT_FALSE(out.same_samples(plain));
  }
}

INSTANTIATE_TEST_SUITE_P(All, RangeTest, testing::Values("bicubic", "bicubic+lanczos", "lite"),
                         [](const auto &name) {
                           return std::string(name.param).find('+') == std::string::npos
                                      ? std::string(name.param)
                                      : std::string("several");
                         });

}  // namespace
}  // namespace hcd::test
