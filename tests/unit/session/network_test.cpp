// SPDX-License-Identifier: BSD-2-Clause
// Networks through transport, tiles and descent, with a network of plain C++.
#include "engine/cpu/samples.h"
#include "session/network_session.h"

#include <gtest/gtest.h>

#include <cmath>

#include "descent/rules.h"
#include "image/format.h"
#include "client/tiles.h"
#include "support/fake_network.h"
#include "support/formats.h"
#include "support/natural_planes.h"
#include "support/random_values.h"

namespace hcd::session {
namespace {

using client::Colour;
using test::FakeNetwork;
using test::random_values;

ConstPlane picture(const std::vector<float> &values, int channels, int height, int width) {
  return {values.data(), channels, height, width, width, static_cast<ptrdiff_t>(height) * width};
}
Plane picture(std::vector<float> &values, int channels, int height, int width) {
  return {values.data(), channels, height, width, width, static_cast<ptrdiff_t>(height) * width};
}

void expect_near(const std::vector<float> &a, const std::vector<float> &b, float tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], tolerance) << i;
}

TEST(Tiles, EqualTheWholePicture) {
  constexpr int kC = 3, kH = 45, kW = 70;
  FakeNetwork network(Colour::kRgb, true);
  auto lr = random_values(static_cast<size_t>(kC) * kH * kW, 1);
  auto hr = random_values(lr.size() * 4, 2);
  for (float &v : lr) v /= 255;
  for (float &v : hr) v /= 255;
  std::vector<float> up(hr.size()), gradient(lr.size(), 0.0F), down(lr.size()),
      vjp(hr.size(), 0.0F);
  network.upscale(picture(std::as_const(lr), kC, kH, kW), picture(up, kC, 2 * kH, 2 * kW));
  const double error = network.error_and_gradient(
      picture(std::as_const(lr), kC, kH, kW), picture(std::as_const(hr), kC, 2 * kH, 2 * kW),
      {0, 0, 2 * kW, 2 * kH}, picture(gradient, kC, kH, kW));
  network.downscale(picture(std::as_const(hr), kC, 2 * kH, 2 * kW), picture(down, kC, kH, kW));
  network.downscale_vjp(picture(std::as_const(hr), kC, 2 * kH, 2 * kW),
                        picture(std::as_const(lr), kC, kH, kW), picture(vjp, kC, 2 * kH, 2 * kW));
  std::vector<float> first_gradient;
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    TiledNetwork tiles(network, 32, pool);
    std::vector<float> t_up(hr.size()), t_gradient(lr.size(), 9.0F), t_down(lr.size()),
        t_vjp(hr.size(), 9.0F);
    tiles.upscale(picture(std::as_const(lr), kC, kH, kW), picture(t_up, kC, 2 * kH, 2 * kW));
    expect_near(t_up, up, 0);
    EXPECT_NEAR(tiles.error_and_gradient(picture(std::as_const(lr), kC, kH, kW),
                                         picture(std::as_const(hr), kC, 2 * kH, 2 * kW),
                                         picture(t_gradient, kC, kH, kW)),
                error, 1e-9 * error);
    expect_near(t_gradient, gradient, 1e-5F);
    tiles.downscale(picture(std::as_const(hr), kC, 2 * kH, 2 * kW), picture(t_down, kC, kH, kW));
    expect_near(t_down, down, 0);
    tiles.downscale_vjp(picture(std::as_const(hr), kC, 2 * kH, 2 * kW),
                        picture(std::as_const(lr), kC, kH, kW), picture(t_vjp, kC, 2 * kH, 2 * kW));
    expect_near(t_vjp, vjp, 1e-5F);
    if (first_gradient.empty()) first_gradient = t_gradient;
    EXPECT_EQ(t_gradient, first_gradient);
  }
}

struct Case {
  Colour colour;
  bool has_downscale;
  hcd_layout layout;
};

class NetworkTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const Case c = GetParam();
    hr_ = test::format_of(60, 44, c.layout, 8, 0, HCD_RANGE_LIMITED, HCD_MATRIX_BT709,
                          HCD_SITING_LEFT);
    lr_ = hr_;
    lr_.width = 30;
    lr_.height = 22;
    model_ = make_network_down_model(std::make_shared<FakeNetwork>(c.colour, c.has_downscale), 32,
                                     nullptr, hr_, lr_, pool_);
    y_ = test::natural_planes(hr_);
    x_.resize(image::Geometry(lr_).size());
    model_->downscale(y_.data(), x_.data());
  }

  ThreadPool pool_{2};
  hcd_format hr_{}, lr_{};
  std::unique_ptr<DownModel> model_;
  std::vector<float> y_, x_;
};

// Directional derivatives: sampled entries are too small against float rounding.
void check_gradient(descent::Objective &objective, std::vector<float> at) {
  at.resize(objective.size());
  std::vector<float> gradient(at.size()), unused(at.size());
  objective.value_and_gradient(at, gradient);
  double slope = 0;
  std::vector<float> above = at, below = at;
  for (size_t i = 0; i < at.size(); ++i) {
    const float step = 0.5F * static_cast<float>(std::sin(1.3 * static_cast<double>(i)));
    slope += static_cast<double>(gradient[i] * step);
    above[i] += step;
    below[i] -= step;
  }
  const double difference =
      (objective.value_and_gradient(above, unused) - objective.value_and_gradient(below, unused)) /
      2;
  EXPECT_NEAR(difference, slope, 5e-3 * std::abs(slope) + 1e-3);
}

TEST_P(NetworkTest, GradientsOfBothStages) {
  const auto lr = model_->lr_objective(y_.data(), x_.data(), 0.3, false, 0);
  std::vector<float> moved = x_;
  for (size_t i = 0; i < moved.size(); ++i) moved[i] += static_cast<float>(i % 5);
  check_gradient(*lr, moved);
  const auto hr = model_->hr_objective(*lr);
  check_gradient(*hr, y_);
}

TEST_P(NetworkTest, DescentGains) {
  std::vector<float> x = x_;
  const double before = model_->shown_error(0, x.data(), y_.data(), 0);
  model_->solve_chroma(y_.data(), x.data());
  const auto lr = model_->lr_objective(y_.data(), x_.data(), 0, false, 0);
  descent::adam(*lr, descent::Result(x).subspan(0, lr->size()), {12, 1.5, false, {}}, pool_);
  cpu::quantise(lr_, x.data(), image::legal_ranges(lr_), pool_);
  EXPECT_LT(model_->shown_error(0, x.data(), y_.data(), 0), 0.9 * before);
}

INSTANTIATE_TEST_SUITE_P(All, NetworkTest,
                         testing::Values(Case{Colour::kLuma, false, HCD_LAYOUT_YUV420},
                                         Case{Colour::kLuma, true, HCD_LAYOUT_GRAY},
                                         Case{Colour::kLuma, true, HCD_LAYOUT_YUV420},
                                         Case{Colour::kYcbcr, false, HCD_LAYOUT_YUV422},
                                         Case{Colour::kRgb, true, HCD_LAYOUT_YUV420},
                                         Case{Colour::kRgb, false, HCD_LAYOUT_YUV444},
                                         Case{Colour::kRgb, true, HCD_LAYOUT_RGB}));

}  // namespace
}  // namespace hcd::session
