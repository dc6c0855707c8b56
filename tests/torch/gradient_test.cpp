// SPDX-License-Identifier: BSD-2-Clause
// Errors and derivatives of TorchScript networks: against finite differences, and over windows.
#include <gtest/gtest.h>

#include "picture.h"

namespace hcd::client {
namespace {

// What is asked of every good pair.
struct Pair {
  const char *file;
  int channels, scale;
};
void PrintTo(const Pair &pair, std::ostream *stream) { *stream << pair.file; }

class Gradient : public testing::TestWithParam<Pair> {
 protected:
  int channels() const { return GetParam().channels; }
  int scale() const { return GetParam().scale; }
  Picture lr(uint64_t seed) const { return Picture::noise(channels(), 20, 28, seed); }
  Picture hr(uint64_t seed) const {
    return Picture::noise(channels(), 20 * scale(), 28 * scale(), seed);
  }
  double error(const Picture &x, const Picture &target) {
    Picture unused(x.channels(), x.height(), x.width());
    return network_->error_and_gradient(view(x), view(target), target.all(), unused.view());
  }

  std::unique_ptr<Network> network_ = load_network(
      {"torchscript", std::string(HCD_TORCHSCRIPT_FILES) + GetParam().file, "cpu"}, Log());
};

TEST_P(Gradient, ErrorIsThatOfUpscale) {
  const Picture x = lr(1), target = hr(2);
  Picture enlarged = hr(0);
  network_->upscale(view(x), enlarged.view());
  EXPECT_TRUE(enlarged.gaps_untouched());
  const Picture difference = moved(enlarged, target, -1.0);
  const double expected = dot(difference, difference);
  EXPECT_NEAR(error(x, target), expected, 1e-6 * expected);
}

TEST_P(Gradient, MatchesFiniteDifferences) {
  const Picture x = lr(1), target = hr(2), direction = lr(3);
  Picture gradient(x.channels(), x.height(), x.width());
  network_->error_and_gradient(view(x), view(target), target.all(), gradient.view());
  EXPECT_TRUE(gradient.gaps_untouched());
  const double step = 1e-3;
  const double slope =
      (error(moved(x, direction, step), target) - error(moved(x, direction, -step), target)) /
      (2 * step);
  EXPECT_NEAR(dot(gradient, direction), slope, 1e-3 * std::fabs(slope));
  // The same test tells a gradient that is wrong by one part in a hundred.
  EXPECT_GT(std::fabs(1.01 * dot(gradient, direction) - slope), 1e-3 * std::fabs(slope));
}

TEST_P(Gradient, IsAdded) {
  const Picture x = lr(1), target = hr(2);
  Picture once(x.channels(), x.height(), x.width()), twice = once;
  network_->error_and_gradient(view(x), view(target), target.all(), once.view());
  for (int i = 0; i < 2; ++i) {
    network_->error_and_gradient(view(x), view(target), target.all(), twice.view());
  }
  EXPECT_EQ(largest_difference(moved(once, once, 1.0), twice), 0.0);
}

// Windows that make up the whole picture make up its error and gradient.
TEST_P(Gradient, OfWindowsIsThatOfTheWhole) {
  const Picture x = lr(1), target = hr(2);
  Picture whole(x.channels(), x.height(), x.width()), sum = whole;
  const double error =
      network_->error_and_gradient(view(x), view(target), target.all(), whole.view());
  double parts = 0.0;
  const int width = target.width(), height = target.height();
  for (const Rect &w :
       {Rect{0, 0, 11, 7}, Rect{11, 0, width - 11, 7}, Rect{0, 7, width, height - 7}}) {
    parts += network_->error_and_gradient(view(x), view(target).crop(w.x, w.y, w.width, w.height),
                                          w, sum.view());
  }
  EXPECT_NEAR(parts, error, 1e-9 * error);
  EXPECT_LT(largest_difference(whole, sum), 1e-5);
}

// A tile with a halo of the receptive field sees what the whole picture sees.
TEST_P(Gradient, OfTilesIsThatOfTheWhole) {
  const Picture x = lr(1), target = hr(2);
  Picture whole(x.channels(), x.height(), x.width()), sum = whole;
  const double error =
      network_->error_and_gradient(view(x), view(target), target.all(), whole.view());
  const int halo = network_->info().receptive_field, s = scale(), cut = 14;
  double parts = 0.0;
  for (const int start : {0, cut}) {
    const int end = start == 0 ? cut : x.width();
    const int first = std::max(0, start - halo), last = std::min(x.width(), end + halo);
    const Rect inside{(start - first) * s, 0, (end - start) * s, target.height()};
    parts +=
        network_->error_and_gradient(view(x).crop(first, 0, last - first, x.height()),
                                     view(target).crop(start * s, 0, inside.width, inside.height),
                                     inside, sum.view().crop(first, 0, last - first, x.height()));
  }
  EXPECT_NEAR(parts, error, 1e-6 * error);
  EXPECT_LT(largest_difference(whole, sum), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Pairs, Gradient,
                         testing::Values(Pair{"luma_x2.pt", 1, 2}, Pair{"rgb_x2.pt", 3, 2},
                                         Pair{"ycbcr_x3.pt", 3, 3}),
                         [](const auto &info) {
                           const std::string file = info.param.file;
                           return file.substr(0, file.find('.'));
                         });

// J^T of g: <J d, v> = <d, J^T v>, with J d from finite differences.
TEST(Downscale, VjpIsTheAdjointOfTheDerivative) {
  const auto network =
      load_network({"torchscript", HCD_TORCHSCRIPT_FILES "rgb_x2.pt", "cpu"}, Log());
  ASSERT_TRUE(network->info().has_downscale);
  const Picture y = Picture::noise(3, 24, 36, 1), direction = Picture::noise(3, 24, 36, 2);
  const Picture v = Picture::noise(3, 12, 18, 3);
  const auto downscaled = [&](double step) {
    Picture x(3, 12, 18);
    network->downscale(view(moved(y, direction, step)), x.view());
    EXPECT_TRUE(x.gaps_untouched());
    return x;
  };
  Picture gradient(3, 24, 36);
  network->downscale_vjp(view(y), view(v), gradient.view());
  const double step = 1e-2;
  const double slope = dot(moved(downscaled(step), downscaled(-step), -1.0), v) / (2 * step);
  EXPECT_NEAR(dot(gradient, direction), slope, 1e-4 * std::fabs(slope));
  EXPECT_GT(std::fabs(1.01 * dot(gradient, direction) - slope), 1e-4 * std::fabs(slope));
}

}  // namespace
}  // namespace hcd::client
