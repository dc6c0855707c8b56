// SPDX-License-Identifier: BSD-2-Clause
// The learned steps of the library: there for each built-in luma client, and worth their gradients.
#include "session/learned_steps.h"

#include <gtest/gtest.h>

#include "descent/rules.h"
#include "image/format.h"
#include "loss/mixed.h"
#include "session/clients.h"
#include "session/objectives.h"
#include "support/engine.h"
#include "support/formats.h"
#include "support/natural_planes.h"

namespace hcd::session {
namespace {

const char *const kLinear[] = {"bilinear", "bicubic",  "catmull_rom", "mitchell",
                               "spline36", "lanczos2", "lanczos"};

hcd_format gray(int width, int height) {
  return test::format_of(width, height, HCD_LAYOUT_GRAY, 8, 0, HCD_RANGE_LIMITED);
}

// The loss of `client` on one picture, relative to the plain frame's.
class Walk {
 public:
  explicit Walk(const std::string &client, const hcd_format &lr = gray(96, 80))
      : lr_(lr),
        clients_(make_linear_clients(client, image::find_kernel("lanczos"), hr_, lr_, engine_)),
        y_(test::natural_planes(hr_)),
        x0_(image::Geometry(lr_).size()) {
    clients_.plain().downscale(y_.data(), 1, x0_.data());
    DownSettings settings;
    settings.model = client;
    settings.optimizer = "adam";
    plan_ = make_plan(settings, clients_.traits);
  }

  double learned(size_t steps) {
    return loss_after([&](ShownObjective &objective, Vector x) {
      descent::learned(objective, x, lr_.width, std::span(clients_.learned).first(steps), engine_);
    });
  }
  double adam(int steps) {
    return loss_after([&](ShownObjective &objective, Vector x) {
      descent::adam(objective, x, {steps, plan_.step_size, plan_.step_of_error, {}}, engine_);
    });
  }
  size_t steps() const { return clients_.learned.size(); }

 private:
  double loss_after(const std::function<void(ShownObjective &, Vector)> &descend) {
    loss::Mixed loss(1, image::Geometry(hr_).plane(std::as_const(y_).data(), 0),
                     image::Geometry(lr_).plane(std::as_const(x0_).data(), 0),
                     image::shown_range(lr_), {plan_.detail, plan_.ringing, plan_.proximity},
                     engine_);
    ShownObjective objective({clients_.all[0].get()}, loss, lr_, false, 0, engine_);
    std::vector<float> x = x0_, unused(x0_.size());
    objective.value_and_gradient(x, unused);
    descend(objective, x);
    return objective.value(x).value();
  }

  test::OwnEngine engine_;
  hcd_format hr_ = gray(192, 160), lr_;
  Clients clients_;
  std::vector<float> y_, x0_;
  Plan plan_;
};

TEST(LearnedSteps, OfEveryBuiltInLumaClient) {
  for (const char *client : kLinear) {
    EXPECT_EQ(learned_steps(client, fitted_at(client, 2)).size(), 4U) << client;
  }
  for (const auto &[client, scale] :
       {std::pair("lite", 2.0), {"base", 2}, {"base", 4}, {"lite", 1.5}, {"bicubic", 1.5}}) {
    const FittedAt at = fitted_at(client, scale);
    EXPECT_EQ(at.ratio, scale);
    const auto steps = learned_steps(client, at);
    ASSERT_EQ(steps.size(), 4U) << client << scale;
    EXPECT_TRUE(steps[0].last.empty() && steps[0].move.empty());
    EXPECT_EQ(steps[3].move.size(), steps[3].gradient.size());
  }
  EXPECT_TRUE(learned_steps("srcnn", fitted_at("srcnn", 2)).empty());
}

// On a picture that no step has seen.
TEST(LearnedSteps, AreWorthMoreThanAsManyOfAdam) {
  for (const char *client : kLinear) {
    Walk walk(client);
    EXPECT_LT(walk.learned(1), walk.adam(2)) << client;
    EXPECT_LT(walk.learned(2), walk.learned(1)) << client;
    EXPECT_LT(walk.learned(2), walk.adam(4)) << client;
  }
}

// As many steps as the default takes of both, at ratios that no step was fitted for.
TEST(LearnedSteps, GainNearlyAsMuchAtOtherRatios) {
  for (const hcd_format &lr : {gray(160, 134), gray(144, 120), gray(84, 70), gray(64, 54)}) {
    Walk walk("bicubic", lr);
    const double plain = walk.adam(0);
    EXPECT_GT(plain - walk.learned(3), 0.7 * (plain - walk.adam(12))) << lr.width;
  }
}

// Frames that are about twice as large, to the next even number, are; other ratios have the nearest
// steps, but for those where these gain too little.
TEST(LearnedSteps, BelongToARatio) {
  const auto ratio = [](const hcd_format &hr, const hcd_format &lr) {
    return std::string(fitted_at("base", hr, lr).text);
  };
  EXPECT_EQ(ratio(gray(161, 97), gray(82, 50)), "2");
  EXPECT_EQ(ratio(gray(6, 6), gray(4, 4)), "2");
  EXPECT_EQ(ratio(gray(160, 96), gray(40, 24)), "4");
  EXPECT_EQ(ratio(gray(160, 96), gray(76, 44)), "2");
  EXPECT_EQ(ratio(gray(160, 96), gray(48, 28)), "4");
  EXPECT_EQ(ratio(gray(160, 96), gray(80, 96)), "");
  EXPECT_EQ(ratio(gray(160, 96), gray(160, 96)), "");
  EXPECT_EQ(ratio(gray(160, 96), gray(32, 20)), "");
  EXPECT_EQ(std::string(fitted_at("bicubic", 3).text), "2");
  EXPECT_EQ(std::string(fitted_at("bicubic", 1.7).text), "1.5");
  EXPECT_EQ(std::string(fitted_at("bicubic", 1.75).text), "2");
  EXPECT_EQ(std::string(fitted_at("lanczos", 1.5).text), "2");
  hcd_format rgb = gray(160, 96);
  rgb.layout = HCD_LAYOUT_RGB;
  EXPECT_EQ(ratio(rgb, gray(80, 48)), "");
}

}  // namespace
}  // namespace hcd::session
