// SPDX-License-Identifier: BSD-2-Clause
#include "image/separable.h"

#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

namespace hcd::image {
namespace {

TEST(Kernels, ShapeOfEach) {
  for (const Kernel &kernel : kernels()) {
    SCOPED_TRACE(kernel.name);
    EXPECT_EQ(find_kernel(kernel.name)->weight, kernel.weight);
    EXPECT_NEAR(kernel.weight(kernel.support), 0, 1e-12);
    EXPECT_EQ(kernel.weight(kernel.support + 0.5), 0);
    // All but mitchell, which blurs, interpolate.
    if (std::string(kernel.name) == "mitchell") {
      EXPECT_NEAR(kernel.weight(0), 8.0 / 9, 1e-12);
      continue;
    }
    EXPECT_NEAR(kernel.weight(0), 1, 1e-12);
    for (int d = 1; d < kernel.support; ++d) EXPECT_NEAR(kernel.weight(d), 0, 1e-12);
  }
  EXPECT_EQ(find_kernel("nearest"), nullptr);
}

// Weights of a doubling bicubic (B = 0, C = 0.6) at a quarter sample, from the definition.
TEST(Resize, KnownWeights) {
  const Axis axis = resize_axis(*find_kernel("bicubic"), resize_grid(8, 16, 0.5));
  const float *row = axis.row(8);  // centre 3.75
  const int start = axis.start[8];
  const auto at = [&](int j) {
    return j < start || j >= start + axis.taps ? 0.0 : static_cast<double>(row[j - start]);
  };
  EXPECT_NEAR(at(2), -0.6 * (1.75 * 1.75 * 1.75) + 3 * 1.75 * 1.75 - 4.8 * 1.75 + 2.4, 1e-6);
  EXPECT_NEAR(at(4), 1.4 * std::pow(0.25, 3) - 2.4 * 0.0625 + 1, 1e-6);
  EXPECT_GT(at(4), at(3));
}

class AxisTest : public testing::TestWithParam<std::tuple<int, int, double>> {};

TEST_P(AxisTest, RowsSumToOneAndStayInside) {
  const auto [in, out, position] = GetParam();
  for (const Kernel &kernel : kernels()) {
    const Axis axis = resize_axis(kernel, resize_grid(in, out, position));
    ASSERT_EQ(axis.in, in);
    ASSERT_EQ(axis.out, out);
    for (int i = 0; i < out; ++i) {
      ASSERT_GE(axis.start[static_cast<size_t>(i)], 0);
      ASSERT_LE(axis.start[static_cast<size_t>(i)] + axis.taps, in);
      double sum = 0;
      for (int t = 0; t < axis.taps; ++t) sum += static_cast<double>(axis.row(i)[t]);
      ASSERT_NEAR(sum, 1, 1e-5) << kernel.name << " row " << i;
    }
  }
}

TEST_P(AxisTest, TransposeIsTheTransposedMatrix) {
  const auto [in, out, position] = GetParam();
  const Axis axis = resize_axis(*find_kernel("lanczos"), resize_grid(in, out, position));
  const Axis back = transpose(axis);
  std::vector<double> matrix(static_cast<size_t>(in) * out, 0.0);
  for (int i = 0; i < out; ++i) {
    for (int t = 0; t < axis.taps; ++t) {
      matrix[static_cast<size_t>(i) * in + axis.start[static_cast<size_t>(i)] + t] +=
          axis.row(i)[t];
    }
  }
  for (int j = 0; j < in; ++j) {
    for (int t = 0; t < back.taps; ++t) {
      const int i = back.start[static_cast<size_t>(j)] + t;
      matrix[static_cast<size_t>(i) * in + j] -= back.row(j)[t];
    }
  }
  for (const double difference : matrix) ASSERT_EQ(difference, 0);
}

INSTANTIATE_TEST_SUITE_P(Sizes, AxisTest,
                         testing::Values(std::tuple{1, 1, 0.5}, std::tuple{1, 2, 0.5},
                                         std::tuple{2, 1, 0.5}, std::tuple{2, 3, 0.25},
                                         std::tuple{5, 16, 0.75}, std::tuple{33, 66, 0.25},
                                         std::tuple{66, 33, 0.25}, std::tuple{40, 41, 0.5},
                                         std::tuple{30, 121, 0.5}, std::tuple{121, 30, 0.5},
                                         std::tuple{427, 854, 0.5}));

TEST(BandedSolver, SolvesTheNormalEquations) {
  const Axis up = resize_axis(*find_kernel("lanczos"), resize_grid(20, 50, 0.5));
  const Axis normal = gram(up);
  for (const double ridge : {0.0, 0.5}) {
    const BandedSolver solver(normal, ridge);
    // Rebuild L D L^T and compare with the matrix.
    for (int i = 0; i < solver.n; ++i) {
      for (int j = std::max(0, i - solver.band); j <= i; ++j) {
        double sum = 0;
        const auto lower = [&](int r, int c) {
          if (r == c) return 1.0;
          if (c < r - solver.band || c > r) return 0.0;
          return static_cast<double>(
              solver.lower[static_cast<size_t>(r) * solver.band + (c - r + solver.band)]);
        };
        for (int k = 0; k <= j; ++k) {
          sum += lower(i, k) * lower(j, k) /
                 static_cast<double>(solver.inverse_diag[static_cast<size_t>(k)]);
        }
        const int t = j - normal.start[static_cast<size_t>(i)];
        const double expected =
            (t >= 0 && t < normal.taps ? static_cast<double>(normal.row(i)[t]) : 0) +
            (i == j ? ridge : 0);
        ASSERT_NEAR(sum, expected, 1e-3) << i << ' ' << j;
      }
    }
  }
}

}  // namespace
}  // namespace hcd::image
