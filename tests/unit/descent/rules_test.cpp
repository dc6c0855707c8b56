// SPDX-License-Identifier: BSD-2-Clause
#include "descent/rules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support/engine.h"
#include "support/random_values.h"

namespace hcd::descent {
namespace {

// sum of weight_i (x_i - target_i)^2 / n, in two groups; values stay in [0, 255].
class Bowl : public Quadratic {
 public:
  explicit Bowl(size_t n) : target(test::random_values(n, 1)), weight(n) {
    for (size_t i = 0; i < n; ++i) weight[i] = 1.0F + static_cast<float>(i % 3);
  }
  size_t size() const override { return target.size(); }
  std::vector<size_t> group_ends() const override { return {size() / 3, size()}; }
  Number value_and_gradient(ConstVector x, Vector gradient) override {
    ++calls;
    double value = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const float error = x[i] - target[i];
      value += static_cast<double>(weight[i] * error * error);
      gradient[i] = 2 * weight[i] * error / static_cast<float>(size());
    }
    return value / static_cast<double>(size());
  }
  void hessian(ConstVector p, Vector hp) override {
    for (size_t i = 0; i < p.size(); ++i) hp[i] = 2 * weight[i] * p[i] / static_cast<float>(size());
  }
  Number rms_error(const Number &value) const override { return sqrt(value); }
  void clip(Vector x) override {
    for (float &value : x) value = std::min(std::max(value, 0.0F), 255.0F);
  }
  double value(ConstVector x) {
    std::vector<float> gradient(x.size());
    return value_and_gradient(x, gradient).value();
  }
  int calls = 0;
  std::vector<float> target, weight;
};

double distance(ConstVector a, ConstVector b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i] - b[i]), 2);
  return std::sqrt(sum);
}

constexpr size_t kSize = 40000;

TEST(Cg, SolvesInAsManyStepsAsThereAreCurvatures) {
  test::OwnEngine engine(2);
  Bowl bowl(kSize);
  std::vector<float> x(kSize, 128.0F);
  const double start = bowl.value(x);
  EXPECT_LE(cg(bowl, x, {20, {}}, engine), 4);  // three curvatures, and one step that gains nothing
  EXPECT_LT(bowl.value(x), 1e-8 * start);
}

TEST(Cg, StopsAtTheOptimum) {
  test::OwnEngine engine(1);
  Bowl bowl(100);
  std::vector<float> x = bowl.target;
  EXPECT_EQ(cg(bowl, x, {5, {}}, engine), 0);
  EXPECT_EQ(x, bowl.target);
}

TEST(Pgd, FollowsTheNormalisedGradientExactly) {
  test::OwnEngine engine(1);
  Bowl bowl(9);
  std::vector<float> x(9, 100.0F), gradient(9);
  const std::vector<float> start = x;
  bowl.value_and_gradient(x, gradient);
  const double norm = std::sqrt(engine->dot(gradient, gradient).value());
  pgd(bowl, x, {1, 5.0, {100.0}, false, 0}, engine);
  for (size_t i = 0; i < 9; ++i) {
    EXPECT_NEAR(x[i], start[i] - 5.0F * gradient[i] / static_cast<float>(norm), 1e-4F);
  }
}

TEST(Adam, RateOfErrorIsInUnitsOfTheErrorAtTheStart) {
  test::OwnEngine engine(1);
  Bowl bowl(1000);
  const std::vector<float> start(1000, 128.0F);
  std::vector<float> x = start, same = start, near = start;
  const double error = std::sqrt(bowl.value(start));
  adam(bowl, x, {4, 0.2, true, {}}, engine);
  adam(bowl, same, {4, 0.2 * error, false, {}}, engine);
  EXPECT_EQ(x, same);
  for (size_t i = 0; i < near.size(); ++i) bowl.target[i] = 128 + 0.01F * (bowl.target[i] - 128);
  adam(bowl, near, {4, 0.2, true, {}}, engine);  // the same bowl, a hundred times smaller
  EXPECT_NEAR(distance(near, start), 0.01 * distance(x, start), 1e-3 * distance(near, start));
}

TEST(Rules, StayWithinTheBudget) {
  test::OwnEngine engine(2);
  Bowl bowl(kSize);
  const std::vector<float> start(kSize, 128.0F);
  const double radius = 2 * std::sqrt(static_cast<double>(kSize));
  const double before = bowl.value(start);
  std::vector<float> x = start;
  pgd(bowl, x, {10, radius / 2, {radius}, true, 7}, engine);
  EXPECT_LE(distance(x, start), radius * 1.0001);
  EXPECT_GT(distance(x, start), radius * 0.9);
  EXPECT_LT(bowl.value(x), before);
  x = start;
  adam(bowl, x, {10, 1.5, false, {radius}}, engine);
  EXPECT_LE(distance(x, start), radius * 1.0001);
  EXPECT_LT(bowl.value(x), before);
  x = start;
  cg(bowl, x, {10, {radius}}, engine);
  EXPECT_NEAR(distance(x, start), radius, radius * 1e-4);
  EXPECT_LT(bowl.value(x), before);
}

TEST(Rules, KeepValuesLegal) {
  test::OwnEngine engine(1);
  Bowl bowl(1000);
  for (float &t : bowl.target) t = t < 128 ? -500.0F : 700.0F;
  std::vector<float> x(1000, 128.0F);
  cg(bowl, x, {5, {}}, engine);
  for (const float value : x) EXPECT_TRUE(value == 0 || value == 255);
}

TEST(Rules, NoStepsLeaveEverythingInPlace) {
  test::OwnEngine engine(1);
  Bowl bowl(100);
  const std::vector<float> start(100, 90.0F);
  std::vector<float> x = start;
  EXPECT_EQ(pgd(bowl, x, {0, 1, {10.0}, true, 1}, engine).value(), 0);
  EXPECT_EQ(adam(bowl, x, {0, 1, false, {}}, engine).value(), 0);
  EXPECT_EQ(cg(bowl, x, {0, {}}, engine), 0);
  EXPECT_EQ(x, start);
}

TEST(Pgd, RandomStartDependsOnTheSeedAlone) {
  Bowl bowl(kSize);
  std::vector<std::vector<float>> results;
  for (const auto &[threads, seed] : {std::pair{1, 5}, std::pair{4, 5}, std::pair{1, 6}}) {
    test::OwnEngine engine(threads);
    std::vector<float> x(kSize, 128.0F);
    pgd(bowl, x, {3, 20, {76.5}, true, static_cast<uint64_t>(seed)}, engine);
    results.push_back(x);
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_NE(results[0], results[2]);
}

}  // namespace
}  // namespace hcd::descent
