// SPDX-License-Identifier: BSD-2-Clause
// Networks through transport, tiles and descent, with a network of plain C++.
#include "session/clients.h"

#include <gtest/gtest.h>

#include <cmath>

#include "client/tiles.h"
#include "descent/rules.h"
#include "image/format.h"
#include "loss/squared_error.h"
#include "session/objectives.h"
#include "support/engine.h"
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
  const auto lr = random_values(static_cast<size_t>(kC) * kH * kW, 1);
  const auto hr = random_values(lr.size() * 4, 2);
  const ConstPlane small = picture(lr, kC, kH, kW), large = picture(hr, kC, 2 * kH, 2 * kW);
  const LocalLoss loss = [&](const Rect &window, ConstPlane shown, Plane slope) {
    return squared_error(shown, large.crop(window), 2, slope);
  };
  std::vector<float> up(hr.size()), gradient(lr.size(), 0.0F), down(lr.size()),
      vjp(hr.size(), 0.0F);
  network.tile_forward(nullptr, small, picture(up, kC, 2 * kH, 2 * kW), {});
  const double error =
      network.tile_pass(small, {0, 0, 2 * kW, 2 * kH}, loss, picture(gradient, kC, kH, kW), {});
  network.tile_downscale(nullptr, large, picture(down, kC, kH, kW));
  network.tile_downscale_backward(nullptr, large, small, picture(vjp, kC, 2 * kH, 2 * kW));
  std::vector<float> first_gradient;
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    const client::Run run{pool, 32};
    std::vector<float> t_up(hr.size()), t_gradient(lr.size(), 9.0F), t_down(lr.size()),
        t_vjp(hr.size(), 9.0F), t_back(lr.size(), 9.0F);
    network.forward(run, small, 0, picture(t_up, kC, 2 * kH, 2 * kW), nullptr);
    expect_near(t_up, up, 0);
    EXPECT_NEAR(network.pass(run, small, 0, loss, picture(t_gradient, kC, kH, kW)), error,
                1e-9 * error);
    expect_near(t_gradient, gradient, 3e-3F);
    // What a loss of the whole picture pulls back.
    std::vector<float> slope(hr.size());
    squared_error(picture(t_up, kC, 2 * kH, 2 * kW), large, 2, picture(slope, kC, 2 * kH, 2 * kW));
    network.backward(run, small, 0, nullptr, picture(slope, kC, 2 * kH, 2 * kW),
                     picture(t_back, kC, kH, kW));
    EXPECT_EQ(t_back, t_gradient);
    network.downscale(run, large, picture(t_down, kC, kH, kW));
    expect_near(t_down, down, 0);
    network.downscale_backward(run, large, small, picture(t_vjp, kC, 2 * kH, 2 * kW));
    expect_near(t_vjp, vjp, 3e-3F);
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
    clients_ = make_network_clients(std::make_shared<FakeNetwork>(c.colour, c.has_downscale), 32,
                                    nullptr, "auto", hr_, lr_, engine_);
    y_ = test::natural_planes(hr_);
    x_.resize(image::Geometry(lr_).size());
    clients_.plain().downscale(y_.data(), image::Geometry(lr_).n_planes(), x_.data());
  }

  loss::SquaredError loss(double proximity) {
    client::Client &client = *clients_.all[0];
    return {client.target(y_.data(), target_), client.unit(),
            ConstVector(x_).first(image::Geometry(lr_).offset(client.n_planes())), proximity,
            engine_};
  }
  // Of what is shown of luma (of all planes for RGB).
  double shown_error(const std::vector<float> &x) {
    const image::Geometry geometry(hr_);
    const int planes = hr_.layout == HCD_LAYOUT_RGB ? 3 : 1;
    std::vector<float> shown(geometry.size());
    clients_.all[0]->show(x.data(), 0, planes, shown.data());
    double sum = 0;
    for (int c = 0; c < planes; ++c) {
      sum += engine_
                 ->shown_error(8, geometry.plane(std::as_const(shown).data(), c),
                               geometry.plane(std::as_const(y_).data(), c))
                 .value();
    }
    return sum / planes;
  }

  test::OwnEngine engine_;
  hcd_format hr_{}, lr_{};
  Clients clients_;
  Buffer target_;
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
  const double difference = (objective.value_and_gradient(above, unused).value() -
                             objective.value_and_gradient(below, unused).value()) /
                            2;
  EXPECT_NEAR(difference, slope, 5e-3 * std::abs(slope) + 1e-3);
}

TEST_P(NetworkTest, GradientsOfBothStages) {
  loss::SquaredError squared = loss(0.3);
  ShownObjective lr({clients_.all[0].get()}, squared, lr_, false, 0, engine_);
  std::vector<float> moved = x_;
  for (size_t i = 0; i < moved.size(); ++i) moved[i] += static_cast<float>(i % 5);
  check_gradient(lr, moved);
  HrObjective hr(clients_.plain(), lr, hr_, clients_.all[0]->n_planes(), engine_);
  check_gradient(hr, y_);
}

TEST_P(NetworkTest, DescentGains) {
  std::vector<float> x = x_;
  const double before = shown_error(x);
  loss::SquaredError squared = loss(0);
  ShownObjective lr({clients_.all[0].get()}, squared, lr_, false, 0, engine_);
  descent::adam(lr, Vector(x).first(lr.size()), {12, 1.5, false, {}}, engine_);
  for (int c = 0; c < image::Geometry(lr_).n_planes(); ++c) {
    engine_->quantise(8, image::component_range(lr_, c), image::Geometry(lr_).plane(x.data(), c));
  }
  EXPECT_LT(shown_error(x), 0.9 * before);
}

// f = resize ∘ network, on sizes that the network's factor does not make.
class ChainTest : public testing::TestWithParam<std::pair<int, int>> {
 protected:
  ChainTest() {
    hr_ = test::format_of(61, 47, HCD_LAYOUT_YUV420, 8, 0, HCD_RANGE_LIMITED, HCD_MATRIX_BT709,
                          HCD_SITING_LEFT);
    lr_ = hr_;
    lr_.width = GetParam().first;
    lr_.height = GetParam().second;
    y_ = test::natural_planes(hr_);
  }
  Clients make(Engine &engine, const std::string &resize, int tile = 32) const {
    return make_network_clients(std::make_shared<FakeNetwork>(Colour::kLuma, false), tile, nullptr,
                                resize, hr_, lr_, engine);
  }
  std::vector<float> plain(const Clients &clients) const {
    std::vector<float> x(image::Geometry(lr_).size());
    clients.plain().downscale(y_.data(), image::Geometry(lr_).n_planes(), x.data());
    return x;
  }

  test::OwnEngine engine_;
  hcd_format hr_{}, lr_{};
  std::vector<float> y_;
};

TEST_P(ChainTest, ShowsTheResizedPictureOfTheNetwork) {
  const Clients clients = make(engine_, "lanczos");
  const std::vector<float> x = plain(clients);
  const image::Geometry hr(hr_), lr(lr_);
  std::vector<float> shown(hr.size()), seen(hr.plane(y_.data(), 0).size());
  clients.all[0]->show(x.data(), 0, hr.n_planes(), shown.data());
  clients.all[0]->forward(x.data(), 0, hr.plane(seen.data(), 0), nullptr);
  EXPECT_TRUE(std::equal(seen.begin(), seen.end(), shown.begin()));

  hcd_format middle = lr_;
  middle.width *= 2;
  middle.height *= 2;
  FakeNetwork network(Colour::kLuma, false);
  std::vector<float> large(image::Geometry(middle).size()), expected(seen.size());
  network.tile_forward(nullptr, lr.plane(x.data(), 0),
                       image::Geometry(middle).plane(large.data(), 0), {});
  engine_->prepare(image::resize_plane(*image::find_kernel("lanczos"), middle, hr_, 0))
      ->apply(image::Geometry(middle).plane(std::as_const(large).data(), 0),
              hr.plane(expected.data(), 0));
  expect_near(seen, expected, 0);

  const client::LinearClient chroma(*image::find_kernel("bicubic"), hr_, lr_, engine_);
  std::vector<float> straight(hr.size());
  for (int c = 1; c < hr.n_planes(); ++c) {
    chroma.enlarge(c).apply(lr.plane(x.data(), c), hr.plane(straight.data(), c));
    const auto from = static_cast<ptrdiff_t>(hr.offset(c)),
               to = static_cast<ptrdiff_t>(hr.offset(c + 1));
    EXPECT_TRUE(std::equal(shown.begin() + from, shown.begin() + to, straight.begin() + from));
  }
}

TEST_P(ChainTest, GradientAndDescent) {
  const Clients clients = make(engine_, "auto");
  std::vector<float> x = plain(clients);
  const image::Geometry hr(hr_);
  Buffer unused;
  client::Client &client = *clients.all[0];
  ASSERT_EQ(client.n_planes(), 1);
  ASSERT_EQ(client.by_parts(), nullptr);
  x.resize(image::Geometry(lr_).offset(1));
  const std::vector<float> start = x;
  loss::SquaredError squared(client.target(y_.data(), unused), client.unit(), start, 0.3, engine_);
  ShownObjective objective({&client}, squared, lr_, false, 0, engine_);
  std::vector<float> moved = x, gradient(x.size());
  for (size_t i = 0; i < moved.size(); ++i) moved[i] += static_cast<float>(i % 5);
  check_gradient(objective, moved);
  const double before = objective.value_and_gradient(x, gradient).value();
  descent::adam(objective, x, {12, 1, false, {}}, engine_);
  EXPECT_LT(objective.value(x).value(), 0.95 * before);
}

TEST_P(ChainTest, ThreadsAndTilesChangeNoBit) {
  std::vector<float> first_shown, first_gradient;
  for (const auto &[threads, tile] : {std::pair(1, 32), {3, 32}, {2, 64}}) {
    ThreadPool pool(threads);
    const auto engine = make_cpu_engine(pool);
    const Clients clients = make(*engine, "bicubic", tile);
    const std::vector<float> x = plain(clients);
    std::vector<float> shown(image::Geometry(hr_).plane(y_.data(), 0).size()), gradient(x.size());
    const Plane picture = image::Geometry(hr_).plane(shown.data(), 0);
    clients.all[0]->forward(x.data(), 0, picture, nullptr);
    if (first_shown.empty()) first_shown = shown;
    EXPECT_EQ(shown, first_shown);
    std::vector<float> slope = random_values(shown.size(), 5);
    clients.all[0]->backward(x.data(), 0, nullptr, image::Geometry(hr_).plane(slope.data(), 0),
                             gradient.data());
    if (first_gradient.empty()) first_gradient = gradient;
    // The fake network's own tiles add a seam's sums in another order.
    expect_near(gradient, first_gradient, tile == 32 ? 0 : 3e-3F);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ChainTest,
                         testing::Values(std::pair(61, 47), std::pair(46, 36), std::pair(41, 31),
                                         std::pair(30, 40), std::pair(21, 47), std::pair(16, 12)));

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
