// SPDX-License-Identifier: BSD-2-Clause
// Tests of ssim().
#include "quality/measures.h"

#include "test_picture.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hcd::quality {
namespace {

TEST(Ssim, OfEqualPicturesIsOne) {
  const TestPicture a(20, 17, pattern);
  EXPECT_NEAR(ssim(a.plane(), a.plane()), 1.0, 1e-12);
}

// Of flat pictures the index has a closed form, which shows K1 and the peak.
TEST(Ssim, OfFlatPictures) {
  const TestPicture a(11, 11, [](int, int) { return 100; });
  const TestPicture b(11, 11, [](int, int) { return 120; });
  const double c1 = 2.55 * 2.55;
  EXPECT_NEAR(ssim(a.plane(), b.plane()), (2 * 100.0 * 120 + c1) / (100.0 * 100 + 120 * 120 + c1),
              1e-9);
}

// Reference computed with NumPy from the formula, the window not separated.
constexpr double kReference = 0.9779762615123729;

TEST(Ssim, MatchesAnIndependentImplementation) {
  const TestPicture a(33, 24, pattern), b(33, 24, disturbed_pattern);
  EXPECT_NEAR(ssim(a.plane(), b.plane()), kReference, 1e-9);
}

// The test above would see a slip in the last window.
TEST(Ssim, SeesTheLastWindow) {
  const TestPicture a(33, 24, pattern);
  const TestPicture b(
      33, 24, [](int x, int y) { return disturbed_pattern(x, y) + (x == 27 && y == 18 ? 10 : 0); });
  EXPECT_GT(std::abs(ssim(a.plane(), b.plane()) - kReference), 1e-5);
}

TEST(Ssim, RefusesPicturesBelowTheWindow) {
  const TestPicture a(10, 11, pattern), b(11, 10, pattern);
  EXPECT_THROW(ssim(a.plane(), a.plane()), std::invalid_argument);
  EXPECT_THROW(ssim(b.plane(), b.plane()), std::invalid_argument);
  EXPECT_THROW(ssim(a.plane(), b.plane()), std::invalid_argument);
}

}  // namespace
}  // namespace hcd::quality
