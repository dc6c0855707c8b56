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
  explicit Walk(const std::string &client)
      : clients_(make_linear_clients(client, image::find_kernel("lanczos"), hr_, lr_, engine_)),
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
    return objective.value(x);
  }

  test::OwnEngine engine_;
  hcd_format hr_ = gray(192, 160), lr_ = gray(96, 80);
  Clients clients_;
  std::vector<float> y_, x0_;
  Plan plan_;
};

TEST(LearnedSteps, OfEveryBuiltInLumaClient) {
  for (const char *client : kLinear) EXPECT_EQ(learned_steps(client, 2).size(), 4U) << client;
  for (const auto &[client, scale] : {std::pair("lite", 2), {"base", 2}, {"base", 4}}) {
    const auto steps = learned_steps(client, scale);
    ASSERT_EQ(steps.size(), 4U) << client << scale;
    EXPECT_TRUE(steps[0].last.empty() && steps[0].move.empty());
    EXPECT_EQ(steps[3].move.size(), steps[3].gradient.size());
  }
  EXPECT_TRUE(learned_steps("bicubic", 3).empty());
  EXPECT_TRUE(learned_steps("srcnn", 2).empty());
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

// Of frames that are about twice as large: to the next even number, not another ratio.
TEST(LearnedSteps, BelongToARatio) {
  EXPECT_FALSE(learned_steps("bicubic", gray(161, 97), gray(82, 50)).empty());
  EXPECT_TRUE(learned_steps("bicubic", gray(160, 96), gray(100, 60)).empty());
  EXPECT_TRUE(learned_steps("bicubic", gray(160, 96), gray(80, 96)).empty());
  hcd_format rgb = gray(160, 96);
  rgb.layout = HCD_LAYOUT_RGB;
  EXPECT_TRUE(learned_steps("bicubic", rgb, gray(80, 48)).empty());
}

}  // namespace
}  // namespace hcd::session
