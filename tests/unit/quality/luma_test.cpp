// SPDX-License-Identifier: BSD-2-Clause
// Tests of luma_bt601(): its fixed points, its rounding, its input check.
#include "quality/measures.h"

#include "test_picture.h"

#include <gtest/gtest.h>

namespace hcd::quality {
namespace {

float luma_of(double red, double green, double blue, Rounding rounding = Rounding::kNone) {
  const TestPicture r(1, 1, [=](int, int) { return red; });
  const TestPicture g(1, 1, [=](int, int) { return green; });
  const TestPicture b(1, 1, [=](int, int) { return blue; });
  return luma_bt601(r.plane(), g.plane(), b.plane(), rounding).at(0);
}

TEST(LumaBt601, BlackWhiteAndPrimaries) {
  EXPECT_FLOAT_EQ(luma_of(0, 0, 0), 16.0f);
  EXPECT_FLOAT_EQ(luma_of(255, 255, 255), 235.0f);
  EXPECT_FLOAT_EQ(luma_of(255, 0, 0), 81.481f);
  EXPECT_FLOAT_EQ(luma_of(0, 255, 0), 144.553f);
  EXPECT_FLOAT_EQ(luma_of(0, 0, 255), 40.966f);
}

TEST(LumaBt601, RoundsToTheNearestCodeValue) {
  EXPECT_FLOAT_EQ(luma_of(255, 0, 0, Rounding::kEightBit), 81.0f);
  EXPECT_FLOAT_EQ(luma_of(0, 255, 0, Rounding::kEightBit), 145.0f);
}

TEST(LumaBt601, RowsWithoutPadding) {
  const TestPicture picture(5, 3, pattern);
  const std::vector<float> luma =
      luma_bt601(picture.plane(), picture.plane(), picture.plane(), Rounding::kNone);
  ASSERT_EQ(luma.size(), 15u);
  EXPECT_NEAR(luma[5 * 2 + 4], 16 + pattern(4, 2) * 219 / 255, 1e-4);
}

TEST(LumaBt601, RefusesPlanesOfDifferentSizes) {
  const TestPicture a(5, 3, pattern), b(5, 4, pattern);
  EXPECT_THROW(luma_bt601(a.plane(), a.plane(), b.plane(), Rounding::kNone), std::invalid_argument);
}

}  // namespace
}  // namespace hcd::quality
