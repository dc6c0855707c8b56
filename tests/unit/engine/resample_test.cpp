// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support/random_values.h"

namespace hcd::image {
namespace {

using test::dot;
using test::random_values;

struct Sizes {
  int in_width, in_height, out_width, out_height;
};
constexpr Sizes kSizes[] = {{1, 1, 1, 1},       {1, 1, 2, 2},     {2, 2, 1, 1},
                            {3, 5, 7, 10},      {40, 30, 80, 60}, {81, 61, 27, 20},
                            {300, 17, 301, 40}, {65, 130, 33, 65}};

// Against the definition, one sample at a time in double.
TEST(Apply, EqualsTheDefinition) {
  ThreadPool pool(2);
  for (const Sizes &s : kSizes) {
    const Separable op = resize(*find_kernel("bicubic"), s.in_width, s.in_height, s.out_width,
                                s.out_height, {0.25, 0.5});
    const auto in = random_values(static_cast<size_t>(s.in_width) * s.in_height, 1);
    std::vector<float> out(static_cast<size_t>(s.out_width) * s.out_height);
    cpu::apply(op, {in.data(), s.in_width, s.in_height}, {out.data(), s.out_width, s.out_height},
               pool);
    for (int y = 0; y < s.out_height; ++y) {
      for (int x = 0; x < s.out_width; ++x) {
        double sum = 0;
        for (int v = 0; v < op.vertical.taps; ++v) {
          for (int h = 0; h < op.horizontal.taps; ++h) {
            const int row = op.vertical.start[static_cast<size_t>(y)] + v;
            const int column = op.horizontal.start[static_cast<size_t>(x)] + h;
            sum += static_cast<double>(op.vertical.row(y)[v]) *
                   static_cast<double>(op.horizontal.row(x)[h]) *
                   static_cast<double>(in[static_cast<size_t>(row) * s.in_width + column]);
          }
        }
        ASSERT_NEAR(static_cast<double>(out[static_cast<size_t>(y) * s.out_width + x]), sum, 1e-3);
      }
    }
  }
}

TEST(Apply, AdjointAndConstantsForEveryKernel) {
  ThreadPool pool(2);
  for (const Kernel &kernel : kernels()) {
    for (const Sizes &s : kSizes) {
      for (const Position position : {Position{0.5, 0.5}, Position{0.25, 0.75}}) {
        SCOPED_TRACE(testing::Message() << kernel.name << ' ' << s.in_width << 'x' << s.in_height
                                        << " -> " << s.out_width << 'x' << s.out_height);
        const Separable op =
            resize(kernel, s.in_width, s.in_height, s.out_width, s.out_height, position);
        const Separable adjoint = transpose(op);
        const size_t n_in = static_cast<size_t>(s.in_width) * s.in_height;
        const size_t n_out = static_cast<size_t>(s.out_width) * s.out_height;
        auto x = random_values(n_in, 2), y = random_values(n_out, 3);
        std::vector<float> ax(n_out), aty(n_in);
        cpu::apply(op, {x.data(), s.in_width, s.in_height}, {ax.data(), s.out_width, s.out_height},
                   pool);
        cpu::apply(adjoint, {y.data(), s.out_width, s.out_height},
                   {aty.data(), s.in_width, s.in_height}, pool);
        const double forward = dot(ax, y), backward = dot(x, aty);
        EXPECT_LT(std::abs(forward - backward), 1e-6 * std::sqrt(dot(ax, ax) * dot(y, y)));

        std::fill(x.begin(), x.end(), 100.0F);
        cpu::apply(op, {x.data(), s.in_width, s.in_height}, {ax.data(), s.out_width, s.out_height},
                   pool);
        for (const float value : ax) ASSERT_NEAR(value, 100.0F, 1e-3F);
      }
    }
  }
}

TEST(Inverse, GivesBackWhatWasEnlarged) {
  ThreadPool pool(2);
  const Separable up = resize(*find_kernel("bicubic"), 37, 21, 74, 42, {});
  const Separable down = resize(*find_kernel("bicubic"), 74, 42, 37, 21, {});
  const auto x = random_values(37 * 21, 4);
  std::vector<float> y(74 * 42), back(x.size());
  cpu::apply(up, {x.data(), 37, 21}, {y.data(), 74, 42}, pool);
  cpu::apply(Inverse(up, down, 0), {y.data(), 74, 42}, {back.data(), 37, 21}, pool);
  for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(back[i], x[i], 0.3F);
  // A very strong pull leaves the plain small picture.
  std::vector<float> plain(x.size());
  cpu::apply(down, {y.data(), 74, 42}, {plain.data(), 37, 21}, pool);
  cpu::apply(Inverse(up, down, 1e6), {y.data(), 74, 42}, {back.data(), 37, 21}, pool);
  for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(back[i], plain[i], 0.01F);
}

TEST(Apply, SameBitsForAnyThreads) {
  const Separable up = resize(*find_kernel("lanczos"), 150, 99, 321, 200, {});
  const Separable down = resize(*find_kernel("lanczos"), 321, 200, 150, 99, {});
  const auto y = random_values(321 * 200, 5);
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    std::vector<float> x(150 * 99), enlarged(y.size());
    cpu::apply(Inverse(up, down, 0.1), {y.data(), 321, 200}, {x.data(), 150, 99}, pool);
    cpu::apply(up, {x.data(), 150, 99}, {enlarged.data(), 321, 200}, pool);
    x.insert(x.end(), enlarged.begin(), enlarged.end());
    results.push_back(x);
    EXPECT_EQ(results.front(), results.back());
  }
}

}  // namespace
}  // namespace hcd::image
