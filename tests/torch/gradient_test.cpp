// SPDX-License-Identifier: BSD-2-Clause
// Errors and derivatives of TorchScript networks: against finite differences, and over windows.
#include <gtest/gtest.h>

#include <algorithm>

#include "client/tiles.h"
#include "support/network_error.h"
#include "support/picture.h"

namespace hcd::client {
namespace {

using test::Picture;

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
  // `tile`: so large by default that there is one.
  double error_and_gradient(const Picture &x, const Picture &target, Picture &gradient,
                            int tile = 100) {
    return test::error_and_gradient(*network_, {pool_, tile}, x, target, gradient);
  }
  double error(const Picture &x, const Picture &target) {
    Picture unused(x.channels(), x.height(), x.width());
    return error_and_gradient(x, target, unused);
  }

  std::unique_ptr<Network> network_ = load_network(
      {"torchscript", std::string(HCD_TORCHSCRIPT_FILES) + GetParam().file, "cpu"}, Log());
  ThreadPool pool_{2};
};

TEST_P(Gradient, ErrorIsThatOfWhatIsShown) {
  const Picture x = lr(1), target = hr(2);
  Picture enlarged = hr(0);
  network_->forward({pool_}, x.view(), 0, enlarged.view(), nullptr);
  EXPECT_TRUE(enlarged.gaps_untouched());
  const Picture difference = moved(enlarged, target, -1.0);
  const double expected = dot(difference, difference);
  EXPECT_NEAR(error(x, target), expected, 1e-6 * expected);
}

TEST_P(Gradient, MatchesFiniteDifferences) {
  const Picture x = lr(1), target = hr(2), direction = lr(3);
  Picture gradient(x.channels(), x.height(), x.width());
  error_and_gradient(x, target, gradient);
  EXPECT_TRUE(gradient.gaps_untouched());
  const double step = 1e-3;
  const double slope =
      (error(moved(x, direction, step), target) - error(moved(x, direction, -step), target)) /
      (2 * step);
  EXPECT_NEAR(dot(gradient, direction), slope, 1e-3 * std::fabs(slope));
  // The same test tells a gradient that is wrong by one part in a hundred.
  EXPECT_GT(std::fabs(1.01 * dot(gradient, direction) - slope), 1e-3 * std::fabs(slope));
}

// Of a tile, whichever way its slope comes and whatever was there before.
TEST_P(Gradient, OfATileIsThatOfItsSlope) {
  auto &tiled = static_cast<TiledNetwork &>(*network_);
  const Picture x = lr(1), slope = hr(2);
  Picture passed = lr(3), pulled = lr(4);
  const LocalLoss loss = [&](const Rect &, ConstPlane, Plane to) {
    for (int c = 0; c < to.channels; ++c) {
      for (int y = 0; y < to.height; ++y)
        std::copy_n(slope.view().row(c, y), to.width, to.row(c, y));
    }
    return 0.0;
  };
  tiled.tile_pass(x.view(), slope.all(), loss, passed.view(), {});
  tiled.tile_backward(nullptr, x.view(), slope.read(), pulled.view(), {});
  EXPECT_EQ(passed.values(), pulled.values());
}

// Windows that make up the whole picture make up its error and gradient.
TEST_P(Gradient, OfWindowsIsThatOfTheWhole) {
  const Picture x = lr(1), target = hr(2);
  Picture whole(x.channels(), x.height(), x.width()), sum = whole, part = whole;
  const double error = error_and_gradient(x, target, whole);
  double parts = 0.0;
  const int width = target.width(), height = target.height();
  for (const Rect &w :
       {Rect{0, 0, 11, 7}, Rect{11, 0, width - 11, 7}, Rect{0, 7, width, height - 7}}) {
    parts += test::error_and_gradient(*network_, {pool_, 100}, x.view(), target.view().crop(w), w,
                                      part.view());
    sum = moved(sum, part, 1.0);
  }
  EXPECT_NEAR(parts, error, 1e-9 * error);
  EXPECT_LT(largest_difference(whole, sum), 2.5e-3);
}

// A tile with a halo of the receptive field sees what the whole picture sees.
TEST_P(Gradient, OfTilesIsThatOfTheWhole) {
  const Picture x = lr(1), target = hr(2);
  Picture whole(x.channels(), x.height(), x.width()), tiled = whole;
  const double error = error_and_gradient(x, target, whole);
  for (const int tile : {14, 6}) {
    EXPECT_NEAR(error_and_gradient(x, target, tiled, tile), error, 1e-6 * error);
    EXPECT_LT(largest_difference(whole, tiled), 2.5e-3);
    EXPECT_TRUE(tiled.gaps_untouched());
  }
}

// backward() is pass() with a loss whose slope is given.
TEST_P(Gradient, BackwardIsPass) {
  const Picture x = lr(1), target = hr(2);
  Picture shown = target, gradient(x.channels(), x.height(), x.width()), expected = gradient;
  error_and_gradient(x, target, expected, 14);
  network_->forward({pool_, 14}, x.view(), 0, shown.view(), nullptr);
  const Picture half = moved(shown, target, -1.0), slope = moved(half, half, 1.0);
  network_->backward({pool_, 14}, x.view(), 0, nullptr, slope.view(), gradient.view());
  EXPECT_LT(largest_difference(gradient, expected), 2.5e-3);
}

INSTANTIATE_TEST_SUITE_P(Pairs, Gradient,
                         testing::Values(Pair{"luma_x2.pt", 1, 2}, Pair{"rgb_x2.pt", 3, 2},
                                         Pair{"ycbcr_x3.pt", 3, 3}),
                         [](const auto &info) {
                           const std::string file = info.param.file;
                           return file.substr(0, file.find('.'));
                         });

// J^T of g: <J d, v> = <d, J^T v>, with J d from finite differences.
TEST(Downscale, BackwardIsTheAdjointOfTheDerivative) {
  ThreadPool pool(2);
  const auto network =
      load_network({"torchscript", HCD_TORCHSCRIPT_FILES "rgb_x2.pt", "cpu"}, Log());
  ASSERT_TRUE(network->info().has_downscale);
  const Picture y = Picture::noise(3, 24, 36, 1), direction = Picture::noise(3, 24, 36, 2);
  const Picture v = Picture::noise(3, 12, 18, 3);
  const auto downscaled = [&](double step) {
    Picture x(3, 12, 18);
    network->downscale({pool}, moved(y, direction, step).read(), x.view());
    EXPECT_TRUE(x.gaps_untouched());
    return x;
  };
  Picture gradient(3, 24, 36);
  network->downscale_backward({pool}, y.view(), v.view(), gradient.view());
  const double step = 1e-2;
  const double slope = dot(moved(downscaled(step), downscaled(-step), -1.0), v) / (2 * step);
  EXPECT_NEAR(dot(gradient, direction), slope, 1e-4 * std::fabs(slope));
  EXPECT_GT(std::fabs(1.01 * dot(gradient, direction) - slope), 1e-4 * std::fabs(slope));
}

}  // namespace
}  // namespace hcd::client
