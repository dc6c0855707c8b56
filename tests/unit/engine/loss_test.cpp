// SPDX-License-Identifier: BSD-2-Clause
// Lost detail and block cost: values at known pictures, gradients against finite differences, the
// same bits for any number of threads. tests/train holds lost detail against LibTorch.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/cpu/adm.h"
#include "engine/cpu/wavelet.h"
#include "support/random_values.h"

namespace hcd::cpu {
namespace {

struct Picture {
  Picture(int w, int h, uint64_t seed = 5) : width(w), height(h) {
    const Random random(seed);
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < w; ++x) values.push_back(test::natural(x, y, random, w));
    }
  }
  Plane plane() { return {values.data(), width, height}; }

  // Each sample the mean of itself and its neighbours in the row.
  Picture blurred() const {
    Picture result = *this;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const auto at = [&](int i) {
          return values[static_cast<size_t>(y * width + std::clamp(i, 0, width - 1))];
        };
        result.values[static_cast<size_t>(y * width + x)] = (at(x - 1) + at(x) + at(x + 1)) / 3;
      }
    }
    return result;
  }

  int width, height;
  std::vector<float> values;
};

std::vector<float> direction(size_t n) {
  std::vector<float> values = test::random_values(n, 9);
  for (float &v : values) v = v / 127.5F - 1;
  return values;
}

double inner(const std::vector<float> &a, const std::vector<float> &b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// The gradient at x along direction() is the central difference of `value`.
template <typename Value>
void expect_slope(const std::vector<float> &gradient, const Picture &x, float step, double relative,
                  double absolute, const Value &value) {
  const std::vector<float> d = direction(x.values.size());
  double ends[2];
  for (int side = 0; side < 2; ++side) {
    Picture moved = x;
    for (size_t i = 0; i < d.size(); ++i) moved.values[i] += (side == 0 ? -step : step) * d[i];
    ends[side] = value(moved);
  }
  const double slope = inner(gradient, d);
  EXPECT_NEAR((ends[1] - ends[0]) / (2 * static_cast<double>(step)), slope,
              relative * std::abs(slope) + absolute);
}

class SizeTest : public testing::TestWithParam<std::pair<int, int>> {};

TEST_P(SizeTest, SplitAdjointIsTheAdjoint) {
  const auto [width, height] = GetParam();
  ThreadPool pool(2);
  const int w = half(width), h = half(height);
  const size_t size = static_cast<size_t>(w) * h;
  Picture x(width, height);
  const std::vector<float> v = test::random_values(4 * size, 3);
  std::vector<float> level(4 * size), other = v;
  const auto planes = [&](std::vector<float> &values) {
    float *p = values.data();
    return Subbands{{p, w, h}, {{{p + size, w, h}, {p + 2 * size, w, h}, {p + 3 * size, w, h}}}};
  };
  const RowRange all{0, h};
  dwt2(x.plane(), all, planes(level), pool);
  Picture back(width, height);
  dwt2_adjoint(planes(other), all, back.plane(), pool);
  EXPECT_NEAR(inner(level, v) / inner(x.values, back.values), 1, 1e-5);
}

TEST_P(SizeTest, DetailLossGradientEqualsDifferences) {
  const auto [width, height] = GetParam();
  ThreadPool pool(2);
  Picture y(width, height), x = y.blurred();
  Memory memory;
  DetailLoss lost(y.plane(), memory, pool);
  Picture gradient(width, height);
  lost.value_and_gradient(x.plane(), gradient.plane());
  std::vector<float> unused(x.values.size());
  expect_slope(gradient.values, x, 0.05F, 0.05, 2e-5, [&](Picture &moved) {
    return lost.value_and_gradient(moved.plane(), {unused.data(), moved.width, moved.height});
  });
}

TEST_P(SizeTest, NothingIsLostInThePictureItself) {
  const auto [width, height] = GetParam();
  ThreadPool pool(1);
  Picture y(width, height), gradient(width, height);
  Memory memory;
  DetailLoss lost(y.plane(), memory, pool);
  EXPECT_NEAR(lost.value_and_gradient(y.plane(), gradient.plane()), 0, 1e-6);
  EXPECT_GT(lost.value_and_gradient(y.blurred().plane(), gradient.plane()), 0.01);
}

INSTANTIATE_TEST_SUITE_P(All, SizeTest,
                         testing::Values(std::pair(96, 64), std::pair(97, 51), std::pair(33, 80),
                                         std::pair(16, 16)),
                         [](const auto &size) {
                           return std::to_string(size.param.first) + "x" +
                                  std::to_string(size.param.second);
                         });

TEST(DetailLoss, TakesTheSmallestPictures) {
  ThreadPool pool(1);
  for (int side = 1; side < 12; ++side) {
    Picture y(side, 1), gradient(side, 1);
    Memory memory;
    DetailLoss lost(y.plane(), memory, pool);
    EXPECT_TRUE(std::isfinite(lost.value_and_gradient(y.blurred().plane(), gradient.plane())));
    for (const float g : gradient.values) EXPECT_TRUE(std::isfinite(g));
  }
}

TEST(DetailLoss, SameBitsForAnyThreads) {
  Picture y(203, 131), x = y.blurred(), one(203, 131), three(203, 131);
  ThreadPool pool1(1), pool3(3);
  Memory memory;
  const double a = DetailLoss(y.plane(), memory, pool1).value_and_gradient(x.plane(), one.plane());
  const double b =
      DetailLoss(y.plane(), memory, pool3).value_and_gradient(x.plane(), three.plane());
  EXPECT_EQ(a, b);
  EXPECT_EQ(one.values, three.values);
}

}  // namespace
}  // namespace hcd::cpu
