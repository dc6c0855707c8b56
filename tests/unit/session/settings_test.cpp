// SPDX-License-Identifier: BSD-2-Clause
#include "session/settings.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace hcd::session {
namespace {

constexpr ModelTraits kVideo{true, 1, true}, kStill{true, 1, false, false, false},
    kTwo{true, 2, true}, kNetwork{false, 1, true}, kRgbNetwork{false, 1, true, false, false};

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
  for (const ModelTraits &traits : {kVideo, kTwo, kNetwork}) {
    const Plan plan = make_plan({}, traits);
    EXPECT_EQ(plan.loss, Loss::kMixed);
    EXPECT_EQ(plan.rule, Rule::kAdam);
    EXPECT_EQ(plan.steps_hr, 0);
    EXPECT_EQ(plan.steps_lr, traits.linear ? 12 : 6);
    EXPECT_EQ(plan.budget, -1);
    EXPECT_GT(plan.proximity, 0);
  }
  // Without luma of its own: squared error.
  EXPECT_EQ(make_plan({}, kStill).rule, Rule::kExact);
  EXPECT_EQ(make_plan({}, kStill).proximity, 0);
  const Plan rgb = make_plan({}, kRgbNetwork);
  EXPECT_EQ(rgb.loss, Loss::kMse);
  EXPECT_EQ(rgb.rule, Rule::kAdam);
  EXPECT_EQ(rgb.budget, 3);
}

TEST(Plan, SquaredError) {
  DownSettings settings;
  settings.loss = "mse";
  const Plan video = make_plan(settings, kVideo);
  EXPECT_EQ(video.rule, Rule::kExact);
  EXPECT_EQ(video.proximity, kVideoProximity);
  EXPECT_EQ(make_plan(settings, kTwo).rule, Rule::kCg);
  EXPECT_EQ(make_plan(settings, kTwo).steps_lr, 2);
  EXPECT_EQ(make_plan(settings, kNetwork).budget, 3);
  settings = {};
  settings.preset = "fast";  // one pass
  EXPECT_EQ(make_plan(settings, kVideo).rule, Rule::kExact);
  EXPECT_EQ(make_plan(settings, kVideo).proximity, kVideoProximity);
  EXPECT_EQ(make_plan(settings, kNetwork).loss, Loss::kMixed);
}

TEST(Plan, LearnedWhereStepsWereFitted) {
  ModelTraits traits = kNetwork, linear_traits = kVideo;
  traits.learned = linear_traits.learned = 4;
  DownSettings s;
  const std::pair<const char *, std::pair<int, int>> presets[] = {
      {"fast", {1, 0}}, {"balanced", {2, 0}}, {"quality", {4, 8}}};
  for (const auto &[preset, steps] : presets) {
    s.preset = preset;
    EXPECT_EQ(make_plan(s, traits).rule, Rule::kLearned) << preset;
    EXPECT_EQ(make_plan(s, traits).loss, Loss::kMixed);
    EXPECT_EQ(make_plan(s, traits).steps_lr, steps.first) << preset;
    EXPECT_EQ(make_plan(s, traits).polish, steps.second) << preset;
    EXPECT_EQ(make_plan(s, kNetwork).rule, Rule::kAdam) << preset;
    const int linear = steps.first == 2 ? 3 : steps.first;
    EXPECT_EQ(make_plan(s, linear_traits).steps_lr, linear) << preset;
  }
  s.preset = "paper";
  EXPECT_EQ(make_plan(s, traits).rule, Rule::kPgd);
}

// What is asked for by number or name means what it says.
TEST(Plan, LearnedGivesWay) {
  ModelTraits traits = kNetwork;
  traits.learned = 4;
  for (double DownSettings::*number :
       {&DownSettings::detail, &DownSettings::proximity, &DownSettings::quality_hint,
        &DownSettings::ringing, &DownSettings::step_size, &DownSettings::budget}) {
    DownSettings s;
    s.*number = 0.7;
    EXPECT_EQ(make_plan(s, traits).rule, Rule::kAdam);
    EXPECT_EQ(make_plan(s, traits).steps_lr, 6);
  }
  DownSettings s;
  s.steps = 2;
  EXPECT_EQ(make_plan(s, traits).rule, Rule::kAdam);
  s.optimizer = "learned";
  EXPECT_EQ(make_plan(s, traits).rule, Rule::kLearned);
  EXPECT_EQ(make_plan(s, traits).steps_lr, 2);
  EXPECT_EQ(make_plan(s, traits).polish, 0);
  s = {};
  s.optimizer = "adam";
  EXPECT_EQ(make_plan(s, traits).rule, Rule::kAdam);
  s = {};
  s.quality_hint = 26;  // what the default is
  EXPECT_EQ(make_plan(s, traits).rule, Rule::kLearned);
  s.start = "bicubic";
  EXPECT_EQ(make_plan(s, traits).rule, Rule::kAdam);
  s = {};
  s.weights = "tuned.safetensors";  // whose own judgement comes when they are read
  EXPECT_EQ(make_plan(s, traits).rule, Rule::kLearned);
}

TEST(Plan, QualityHintScalesWhatMindsTheEncoder) {
  DownSettings settings;
  const Plan middle = make_plan(settings, kNetwork);
  settings.quality_hint = 26;
  EXPECT_EQ(make_plan(settings, kNetwork).proximity, middle.proximity);
  settings.quality_hint = 32;
  EXPECT_DOUBLE_EQ(make_plan(settings, kNetwork).proximity, 2 * middle.proximity);
  settings.proximity = 1;
  EXPECT_EQ(make_plan(settings, kNetwork).proximity, 1);
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
  settings.loss = "mse";
  settings.steps = 3;
  EXPECT_EQ(make_plan(settings, kVideo).rule, Rule::kCg);
  EXPECT_EQ(make_plan(settings, kVideo).steps_lr, 3);
  EXPECT_EQ(make_plan(settings, kVideo).proximity, 0);
  settings.steps = HCD_AUTO;
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
  s = {};
  s.optimizer = "learned";
  s.model = "srcnn";
  EXPECT_EQ(refusal(s, kNetwork),
            "option optimizer: learned has 0 steps for model=srcnn at this ratio, found 2 wanted "
            "(use adam)");
  s.budget = 2;
  EXPECT_EQ(refusal(s, kNetwork),
            "option optimizer: learned knows neither budget nor step_size, found one of them (use "
            "adam)");
  s.loss = "mse";
  EXPECT_EQ(refusal(s, kNetwork),
            "option optimizer: learned was fitted to loss=mixed, found loss=mse");
}

TEST(Plan, PgdGoesDownhill) {
  DownSettings settings;
  settings.optimizer = "pgd";
  for (const char *loss : {"auto", "mse"}) {
    settings.loss = loss;
    EXPECT_EQ(make_plan(settings, kVideo).budget, 3);
    EXPECT_GT(make_plan(settings, kVideo).step_size, 0);
  }
}

TEST(Plan, LossesThatCannotBe) {
  DownSettings s;
  s.loss = "mixed";
  EXPECT_NE(refusal(s, kRgbNetwork).find("option loss: mixed needs"), std::string::npos);
  s.preset = "paper";
  EXPECT_EQ(refusal(s, kVideo),
            "option loss: expected auto or mse with preset=paper, found 'mixed'");
  s.preset = "balanced";
  s.optimizer = "cg";
  EXPECT_NE(refusal(s, kVideo).find("with optimizer=cg, found 'mixed'"), std::string::npos);
  s = {};
  s.loss = "mse";
  s.detail = 0.5;
  EXPECT_EQ(refusal(s, kVideo),
            "option detail: belongs to loss=mixed, found 0.5 with another loss");
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
}  // namespace hcd::session
