// SPDX-License-Identifier: BSD-2-Clause
#include "runtime/settings.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace hcd::runtime {
namespace {

constexpr ModelTraits kVideo{true, 1, true}, kStill{true, 1, false}, kTwo{true, 2, true},
    kNetwork{false, 1, true};

std::string refusal(const DownSettings &settings, const ModelTraits &traits) {
  try {
    make_plan(settings, traits);
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), HCD_E_OPTION);
    return error.what();
  }
  return "accepted";
}

TEST(Plan, Defaults) {
  const Plan video = make_plan({}, kVideo);
  EXPECT_EQ(video.rule, Rule::kExact);
  EXPECT_EQ(video.proximity, kVideoProximity);
  EXPECT_EQ(video.budget, -1);
  EXPECT_EQ(video.steps_hr, 0);
  EXPECT_EQ(make_plan({}, kStill).proximity, 0);
  EXPECT_EQ(make_plan({}, kTwo).rule, Rule::kCg);
  EXPECT_EQ(make_plan({}, kTwo).steps_lr, 2);
  const Plan network = make_plan({}, kNetwork);
  EXPECT_EQ(network.rule, Rule::kAdam);
  EXPECT_EQ(network.steps_lr, 12);
  EXPECT_EQ(network.budget, 3);
}

TEST(Plan, ExactByNameIsTheOptimum) {
  DownSettings settings;
  settings.optimizer = "exact";
  EXPECT_EQ(make_plan(settings, kVideo).proximity, 0);
  settings.proximity = 0.3;
  EXPECT_EQ(make_plan(settings, kVideo).proximity, 0.3);
}

TEST(Plan, StepsOrProximityAskForCg) {
  DownSettings settings;
  settings.steps = 3;
  EXPECT_EQ(make_plan(settings, kVideo).rule, Rule::kCg);
  EXPECT_EQ(make_plan(settings, kVideo).steps_lr, 3);
  EXPECT_EQ(make_plan(settings, kVideo).proximity, 0);
  settings = {};
  settings.proximity = 0.5;
  EXPECT_EQ(make_plan(settings, kVideo).rule, Rule::kCg);
}

// Section 4.1 of the paper, on the 8-bit scale.
TEST(Plan, PaperIsAsPublished) {
  DownSettings settings;
  settings.preset = "paper";
  const Plan plan = make_plan(settings, kNetwork);
  EXPECT_EQ(plan.rule, Rule::kPgd);
  EXPECT_TRUE(plan.paper);
  EXPECT_EQ(plan.steps_hr, 15);
  EXPECT_EQ(plan.steps_lr, 15);
  EXPECT_DOUBLE_EQ(plan.budget / 255, 0.3);
  EXPECT_DOUBLE_EQ(plan.step_size / 255, 20.0 / 255);
  settings.steps = 5;
  settings.steps_hr = 0;
  EXPECT_EQ(make_plan(settings, kNetwork).steps_lr, 5);
  EXPECT_EQ(make_plan(settings, kNetwork).steps_hr, 0);
}

TEST(Plan, Contradictions) {
  DownSettings s;
  s.preset = "best";
  EXPECT_EQ(refusal(s, kVideo),
            "option preset: expected fast, balanced, quality or paper, found 'best'");
  s = {};
  s.optimizer = "sgd";
  EXPECT_EQ(refusal(s, kVideo),
            "option optimizer: expected auto, pgd, adam, cg or exact, found 'sgd'");
  s.optimizer = "exact";
  s.model = "bicubic+lanczos";
  EXPECT_EQ(refusal(s, kTwo),
            "option optimizer: exact needs one client, found model=bicubic+lanczos (use cg)");
  s.model = "torchscript";
  EXPECT_EQ(refusal(s, kNetwork),
            "option optimizer: exact needs a linear client, found "
            "model=torchscript (use adam or pgd)");
  s = {};
  s.optimizer = "cg";
  s.steps_hr = 2;
  EXPECT_EQ(refusal(s, kVideo),
            "option steps_hr: expected 0, since cg solves the LR stage alone, "
            "found 2 (use pgd or adam)");
  s = {};
  s.preset = "paper";
  s.optimizer = "adam";
  EXPECT_EQ(refusal(s, kVideo),
            "option optimizer: expected auto or pgd with preset=paper, found 'adam'");
  s.optimizer = "cg";
  EXPECT_EQ(refusal(s, kVideo),
            "option optimizer: expected auto or pgd with preset=paper, found 'cg'");
  s = {};
  s.step_size = -1;
  s.optimizer = "adam";
  EXPECT_EQ(refusal(s, kVideo),
            "option step_size: expected 0 or more, since only pgd goes uphill, found -1");
}

TEST(Plan, PaperMayGetAnotherBudgetOrStep) {
  DownSettings s;
  s.preset = "paper";
  Plan plan = make_plan(s, kVideo);
  EXPECT_TRUE(plan.budget_of_frame && plan.step_of_frame);
  s.budget = 0.5;
  s.step_size = -0.25;
  plan = make_plan(s, kVideo);
  EXPECT_FALSE(plan.budget_of_frame || plan.step_of_frame);
  EXPECT_EQ(plan.budget, 0.5);
  EXPECT_EQ(plan.step_size, -0.25);
  EXPECT_TRUE(plan.paper);
}

}  // namespace
}  // namespace hcd::runtime
