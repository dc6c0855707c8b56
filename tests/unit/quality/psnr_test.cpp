// SPDX-License-Identifier: BSD-2-Clause
// Tests of psnr() and of the border cut.
#include "quality/measures.h"

#include "test_picture.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hcd::quality {
namespace {

TEST(Psnr, OfAKnownError) {
  const TestPicture a(7, 5, pattern);
  const TestPicture b(7, 5, [](int x, int y) { return pattern(x, y) + ((x + y) % 2 ? 2 : -2); });
  EXPECT_DOUBLE_EQ(mean_squared_error(a.plane(), b.plane()), 4.0);
  EXPECT_NEAR(psnr(a.plane(), b.plane()), 42.110203695399482, 1e-9);
}

// Reference computed with NumPy.
TEST(Psnr, MatchesAnIndependentImplementation) {
  const TestPicture a(33, 24, pattern), b(33, 24, disturbed_pattern);
  EXPECT_NEAR(psnr(a.plane(), b.plane()), 28.706463692420744, 1e-9);
}

TEST(Psnr, OfEqualPicturesIsInfinite) {
  const TestPicture a(7, 5, pattern);
  EXPECT_TRUE(std::isinf(psnr(a.plane(), a.plane())));
}

TEST(Psnr, BorderIsCutOnEverySide) {
  const TestPicture a(7, 5, pattern);
  const TestPicture b(7, 5, [](int x, int y) {
    const bool on_border = x < 2 || x >= 5 || y < 2 || y >= 3;
    return pattern(x, y) + (on_border ? 50 : 1);
  });
  EXPECT_DOUBLE_EQ(mean_squared_error(without_border(a.plane(), 2), without_border(b.plane(), 2)),
                   1.0);
  EXPECT_GT(mean_squared_error(without_border(a.plane(), 1), without_border(b.plane(), 1)), 1.0);
  EXPECT_THROW(without_border(a.plane(), 3), std::invalid_argument);
}

TEST(Psnr, RefusesPlanesOfDifferentSizes) {
  const TestPicture a(5, 3, pattern), b(4, 3, pattern);
  EXPECT_THROW(psnr(a.plane(), b.plane()), std::invalid_argument);
}

}  // namespace
}  // namespace hcd::quality
