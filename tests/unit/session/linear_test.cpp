// SPDX-License-Identifier: BSD-2-Clause
// The contract of every linear client: gradient, optimum, gain.
#include "session/clients.h"
#include "session/objectives.h"
#include "session/settings.h"

#include <gtest/gtest.h>

#include <cmath>

#include "descent/rules.h"
#include "support/engine.h"
#include "support/formats.h"
#include "support/natural_planes.h"

namespace hcd::session {
namespace {

hcd_format make_format(int width, int height, hcd_layout layout = HCD_LAYOUT_YUV420) {
  return test::format_of(width, height, layout, 8, 0, HCD_RANGE_FULL);
}

// Mean squared error by enlarging, in double.
double error_of(const Clients &clients, const std::vector<float> &x, const std::vector<float> &y) {
  double sum = 0;
  for (const auto &client : clients.all) {
    std::vector<float> shown(y.size());
    client->show(x.data(), 0, clients.linear[0]->hr().n_planes(), shown.data());
    for (size_t i = 0; i < y.size(); ++i) sum += std::pow(static_cast<double>(shown[i] - y[i]), 2);
  }
  return sum / static_cast<double>(y.size() * clients.all.size());
}

class ClientTest : public testing::TestWithParam<const char *> {
 protected:
  void SetUp() override {
    clients_ = make_linear_clients(GetParam(), nullptr, hr_, lr_, engine_);
    ASSERT_FALSE(clients_.linear.empty());
    y_ = test::natural_planes(hr_);
    x0_.resize(image::Geometry(lr_).size());
    clients_.plain().downscale(y_.data(), 3, x0_.data());
  }

  test::OwnEngine engine_;
  hcd_format hr_ = make_format(75, 53), lr_ = make_format(38, 28);
  Clients clients_;
  std::vector<float> y_, x0_;
};

TEST_P(ClientTest, GradientEqualsFiniteDifferences) {
  for (const double proximity : {0.0, 0.5}) {
    LinearObjective objective(clients_.linear, y_.data(), x0_.data(), lr_, proximity, false,
                              engine_);
    std::vector<float> x = x0_, gradient(x.size()), unused(x.size());
    for (size_t i = 0; i < x.size(); ++i)
      x[i] += static_cast<float>(5 * std::sin(0.7 * static_cast<double>(i)));
    const double value = objective.value_and_gradient(x, gradient).value();
    if (proximity == 0) {
      EXPECT_NEAR(value, error_of(clients_, x, y_), 1e-4 * value);
    }
    for (const size_t i : {size_t{0}, size_t{500}, x.size() / 2, x.size() - 1}) {
      const float saved = x[i];
      x[i] = saved + 4;  // quadratic: a central difference is exact whatever its length
      const double above = objective.value_and_gradient(x, unused).value();
      x[i] = saved - 4;
      const double below = objective.value_and_gradient(x, unused).value();
      x[i] = saved;
      EXPECT_NEAR((above - below) / 8, static_cast<double>(gradient[i]),
                  2e-5 + 2e-3 * std::abs(gradient[i]));
    }
  }
}

TEST_P(ClientTest, DescentReachesTheOptimumAndStopsThere) {
  LinearObjective objective(clients_.linear, y_.data(), x0_.data(), lr_, 0, false, engine_);
  std::vector<float> x = x0_, gradient(x.size());
  const double before = objective.value_and_gradient(x0_, gradient).value();
  const int steps = descent::cg(objective, x, {200, {}}, engine_);
  EXPECT_LT(steps, 200);
  const double after = objective.value_and_gradient(x, gradient).value();
  EXPECT_LT(after, before);
  if (clients_.all.size() > 1) return;
  std::vector<float> solved(x.size());
  LinearSolver(*clients_.linear[0], *clients_.kernel, 0, engine_)
      .solve(y_.data(), 0, solved.data());
  const double exact = error_of(clients_, solved, y_);
  EXPECT_LE(exact, after * 1.0001);
  EXPECT_GT(exact, after * 0.995);
}

TEST_P(ClientTest, HrStageGradientEqualsFiniteDifferences) {
  LinearObjective lr(clients_.linear, y_.data(), x0_.data(), lr_, 0, false, engine_);
  HrObjective hr(clients_.plain(), lr, hr_, 3, engine_);
  std::vector<float> y = y_, gradient(y.size()), unused(y.size());
  hr.value_and_gradient(y, gradient);
  for (const size_t i : {size_t{0}, size_t{1234}, y.size() - 1}) {
    const float saved = y[i];
    y[i] = saved + 8;
    const double above = hr.value_and_gradient(y, unused).value();
    y[i] = saved - 8;
    const double below = hr.value_and_gradient(y, unused).value();
    y[i] = saved;
    EXPECT_NEAR((above - below) / 16, static_cast<double>(gradient[i]),
                1e-5 + 3e-3 * std::abs(gradient[i]));
  }
}

INSTANTIATE_TEST_SUITE_P(All, ClientTest,
                         testing::Values("bilinear", "bicubic", "catmull_rom", "mitchell",
                                         "spline36", "lanczos2", "lanczos",
                                         "bicubic+bilinear+lanczos"));

TEST(Clients, NamesAreParsed) {
  EXPECT_EQ(client::find_kernels("bicubic").size(), 1U);
  EXPECT_EQ(client::find_kernels("bicubic+lanczos").size(), 2U);
  for (const char *bad : {"", "+", "bicubic+", "+bicubic", "cubic", "bicubic lanczos"}) {
    EXPECT_TRUE(client::find_kernels(bad).empty()) << bad;
  }
}

// At ratios near 1 the finest detail is nearly lost in enlarging: the optimum must stay tame.
TEST(Solver, StaysTameAtEveryRatio) {
  test::OwnEngine engine;
  for (const char *name : {"bilinear", "mitchell", "lanczos"}) {
    for (const int width : {64, 63, 60, 50, 43, 32, 21, 16, 4}) {
      const hcd_format hr = make_format(64, 48, HCD_LAYOUT_GRAY);
      const hcd_format lr = make_format(width, std::max(1, 48 * width / 64), HCD_LAYOUT_GRAY);
      const Clients clients = make_linear_clients(name, nullptr, hr, lr, engine);
      const auto y = test::natural_planes(hr);
      std::vector<float> x(image::Geometry(lr).size()), x0(x.size());
      LinearSolver(*clients.linear[0], *clients.kernel, kVideoProximity, engine)
          .solve(y.data(), 0, x.data());
      clients.plain().downscale(y.data(), 1, x0.data());
      for (const float value : x) ASSERT_TRUE(value > -200 && value < 455) << name << ' ' << width;
      EXPECT_LE(error_of(clients, x, y), error_of(clients, x0, y) + 1e-3) << name << ' ' << width;
    }
  }
}

}  // namespace
}  // namespace hcd::session
