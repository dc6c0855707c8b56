// SPDX-License-Identifier: BSD-2-Clause
// The loss mixed: its gradient through linear clients and a luma network, and what a descent gains.
#include "loss/mixed.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "descent/rules.h"
#include "image/format.h"
#include "session/clients.h"
#include "session/objectives.h"
#include "support/engine.h"
#include "support/fake_network.h"
#include "support/formats.h"
#include "support/natural_planes.h"

namespace hcd::session {
namespace {

class MixedTest : public testing::TestWithParam<const char *> {
 protected:
  void SetUp() override {
    const std::string name = GetParam();
    clients_ = name == "network" ? make_network_clients(std::make_shared<test::FakeNetwork>(
                                                            client::Colour::kLuma, false),
                                                        32, nullptr, "auto", hr_, lr_, engine_)
                                 : make_linear_clients(name, nullptr, hr_, lr_, engine_);
    y_ = test::natural_planes(hr_);
    x0_.resize(image::Geometry(lr_).size());
    downscale();
  }

  void downscale() { clients_.plain().downscale(y_.data(), 3, x0_.data()); }

  // The loss and its objective.
  struct Mixed {
    Mixed(MixedTest &test, const loss::MixedWeights &weights)
        : loss(test.clients_.all.size(), test.y(),
               image::Geometry(test.lr_).plane(std::as_const(test.x0_).data(), 0),
               image::shown_range(test.lr_), weights, test.engine_),
          objective(test.clients(), loss, test.lr_, false, 0, test.engine_) {}

    ShownObjective *operator->() { return &objective; }
    bool clipped() const { return loss.clipped().value() > 0 || objective.clipped().value() > 0; }

    loss::Mixed loss;
    ShownObjective objective;
  };
  std::vector<client::Client *> clients() const {
    std::vector<client::Client *> all;
    for (const auto &client : clients_.all) all.push_back(client.get());
    return all;
  }
  ConstPlane y() const { return image::Geometry(hr_).plane(y_.data(), 0); }

  test::OwnEngine engine_;
  hcd_format hr_ = test::format_of(120, 88, HCD_LAYOUT_YUV420, 8, 0, HCD_RANGE_LIMITED,
                                   HCD_MATRIX_BT709, HCD_SITING_LEFT);
  hcd_format lr_ = test::format_of(60, 44, HCD_LAYOUT_YUV420, 8, 0, HCD_RANGE_LIMITED,
                                   HCD_MATRIX_BT709, HCD_SITING_LEFT);
  Clients clients_;
  std::vector<float> y_, x0_;
};

TEST_P(MixedTest, StartsAtOne) {
  Mixed mixed(*this, {0.25, 0, 2});
  std::vector<float> gradient(mixed->size());
  EXPECT_EQ(mixed->size(), 60U * 44U);
  EXPECT_NEAR(mixed->value_and_gradient({x0_.data(), mixed->size()}, gradient).value(), 1, 1e-5);
}

TEST_P(MixedTest, GradientEqualsDifferences) {
  for (const loss::MixedWeights &weights :
       {loss::MixedWeights{0, 0, 0}, {1, 0, 0}, {0, 5, 0}, {0, 0, 3}, {0.25, 2, 2}}) {
    Mixed mixed(*this, weights);
    const size_t n = mixed->size();
    std::vector<float> at(x0_.begin(), x0_.begin() + static_cast<ptrdiff_t>(n)), gradient(n),
        unused(n);
    mixed->value_and_gradient(at, unused);  // the start
    for (size_t i = 0; i < n; ++i) at[i] += static_cast<float>(i % 5) - 2;
    mixed->value_and_gradient(at, gradient);
    double slope = 0;
    std::vector<float> above = at, below = at;
    for (size_t i = 0; i < n; ++i) {
      const float step = gradient[i] < 0 ? 0.005F : -0.005F;  // short: there are bends
      slope += static_cast<double>(gradient[i]) * static_cast<double>(step);
      above[i] += step;
      below[i] -= step;
    }
    const double difference = (mixed->value_and_gradient(above, unused).value() -
                               mixed->value_and_gradient(below, unused).value()) /
                              2;
    EXPECT_NEAR(difference, slope, 0.02 * std::abs(slope) + 1e-5)
        << weights.detail << " " << weights.ringing << " " << weights.proximity;
  }
}

// A part that is left out of value and gradient alike would pass every test of the gradient.
TEST_P(MixedTest, EveryPartHasItsWeight) {
  const auto value_of = [&](const loss::MixedWeights &weights) {
    Mixed mixed(*this, weights);
    std::vector<float> at(x0_.begin(), x0_.begin() + static_cast<ptrdiff_t>(mixed->size())),
        unused(mixed->size());
    mixed->value_and_gradient(at, unused);  // the start
    for (size_t i = 0; i < at.size(); ++i) at[i] += i % 2 ? 9.0F : -9.0F;
    return mixed->value(at).value();
  };
  const double plain = value_of({0.25, 0, 0});
  EXPECT_GT(value_of({0.25, 1, 0}), plain + 0.01);
  EXPECT_GT(value_of({0.25, 0, 1}), plain + 0.01);
  EXPECT_GT(std::abs(value_of({0.5, 0, 0}) - plain), 0.01);
}

TEST_P(MixedTest, DescentGainsInBothParts) {
  Mixed mixed(*this, {0.25, 2, 0.5});
  const size_t n = mixed->size();
  std::vector<float> x(x0_.begin(), x0_.begin() + static_cast<ptrdiff_t>(n));
  const ConstPlane y = this->y();
  const auto detail = engine_->detail(y);
  const auto judge = [&](double *lost) {
    std::vector<float> shown(y.size()), unused(y.size());
    clients_.all[0]->forward(x.data(), 0, {shown.data(), y.width, y.height}, nullptr);
    *lost = detail
                ->value_and_gradient({shown.data(), y.width, y.height},
                                     {unused.data(), y.width, y.height})
                .value();
    double error = 0;
    for (size_t i = 0; i < y.size(); ++i) error += std::pow(shown[i] - y.data[i], 2);
    return error;
  };
  double lost_before = 0, lost_after = 0;
  const double before = judge(&lost_before);
  descent::adam(mixed.objective, x, {12, 1.5, false, {}}, engine_);
  EXPECT_LT(judge(&lost_after), 0.95 * before);
  EXPECT_LT(lost_after, 0.95 * lost_before);
}

// What a viewer cannot see beyond white costs nothing, earns nothing and pulls at nothing.
TEST_P(MixedTest, WhatIsShownIsClippedToCodeValues) {
  for (size_t i = 0; i < y_.size(); ++i) y_[i] = i % 120 < 40 ? 0.0F : 255.0F;
  downscale();
  Mixed mixed(*this, {0.25, 2, 0});
  const size_t n = mixed->size();
  std::vector<float> at(x0_.begin(), x0_.begin() + static_cast<ptrdiff_t>(n)), gradient(n);
  mixed->value_and_gradient(at, gradient);  // the start
  const auto set_white = [&](float value) {
    for (size_t i = 0; i < n; ++i) {
      if (i % 60 >= 35) at[i] = value;
    }
  };
  set_white(300);
  const double value = mixed->value_and_gradient(at, gradient).value();
  EXPECT_TRUE(mixed.clipped());
  EXPECT_EQ(mixed->value(at).value(), value);
  for (size_t i = 0; i < n; ++i) {
    if (i % 60 >= 50) {
      EXPECT_EQ(gradient[i], 0) << i;
    }
  }
  set_white(240);
  EXPECT_GT(mixed->value(at).value(), value + 1e-3);
}

TEST_P(MixedTest, OrdinaryFramesAreNotClipped) {
  for (std::vector<float> *planes : {&y_, &x0_}) {
    for (float &value : *planes) value = 100 + value / 8;
  }
  Mixed mixed(*this, {0.25, 2, 0.5});
  std::vector<float> gradient(mixed->size());
  mixed->value_and_gradient({x0_.data(), mixed->size()}, gradient);
  EXPECT_FALSE(mixed.clipped());
  std::vector<float> x(mixed->size(), 20.0F);
  mixed->clip(x);
  EXPECT_FALSE(mixed.clipped());
  x[7] = 236;  // luma of the limited range ends at 235
  mixed->clip(x);
  EXPECT_TRUE(mixed.clipped());
}

// Adam makes a step of whatever it gets: rounding errors of a flat frame must not become one.
TEST_P(MixedTest, FlatFramesStayAsTheyAre) {
  if (std::string(GetParam()) == "network") GTEST_SKIP() << "its f is not exact on flat frames";
  std::fill(y_.begin(), y_.end(), 99.0F);
  downscale();
  Mixed mixed(*this, {0.25, 2, 0.5});
  const size_t n = mixed->size();
  std::vector<float> x(x0_.begin(), x0_.begin() + static_cast<ptrdiff_t>(n));
  EXPECT_EQ(descent::adam(mixed.objective, x, {12, 1.5, false, {}}, engine_).value(), 0);
  for (const float value : x) EXPECT_NEAR(value, 99, 1e-3);
}

INSTANTIATE_TEST_SUITE_P(All, MixedTest, testing::Values("bicubic", "bicubic+lanczos", "network"),
                         [](const auto &name) {
                           return std::string(name.param).find('+') == std::string::npos
                                      ? std::string(name.param)
                                      : std::string("several");
                         });

}  // namespace
}  // namespace hcd::session
