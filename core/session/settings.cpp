// SPDX-License-Identifier: BSD-2-Clause
#include "session/settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace hcd::session {
namespace {

struct Preset {
  std::string_view name;
  int cg_steps, adam_steps, network_mixed_steps;
  int learned_linear, learned_network, polish;  // polish: steps of Adam behind the learned ones
};
constexpr std::array<Preset, 4> kPresets = {{{"fast", 1, 4, 3, 1, 1, 0},
                                             {"balanced", 2, 12, 6, 3, 2, 0},
                                             {"quality", 10, 30, 12, 4, 4, 8},
                                             {"paper", 15, 15, 15, 0, 0, 0}}};

// Section 4.1 of the paper, on the 8-bit scale: epsilon = 0.3, alpha = 20 / 255, N = 15.
constexpr double kPaperRadius = 0.3 * 255, kPaperStep = 20;
constexpr int kPaperSteps = 15;

// Chosen by measuring: docs/algorithm.md, "Budgets".
constexpr double kBudget = 3, kAdamRate = 0.3;

// Of the loss mixed, chosen by measuring: docs/algorithm.md, "What each lever does".
constexpr double kMiddleQuality = 26;
struct MixedDefaults {
  double detail, ringing, proximity, step_size;
};
constexpr MixedDefaults kMixedLinear{0.25, 2, 0.5, 0.2}, kMixedNetwork{0.3, 0.5, 2, 0.15};

const Preset &find_preset(const std::string &name) {
  const auto *found = std::find_if(kPresets.begin(), kPresets.end(),
                                   [&](const Preset &preset) { return preset.name == name; });
  HCD_CHECK(found != kPresets.end(), HCD_E_INTERNAL, "no preset '%s'", name.c_str());
  return *found;
}

const MixedDefaults &mixed_defaults(const ModelTraits &traits) {
  return traits.linear ? kMixedLinear : kMixedNetwork;
}

// Learned steps were fitted to descents from the default start by the default weights of the loss;
// what else is asked for by number or name is not theirs. A network's weights are tried: trial.h.
bool suits_learned(const DownSettings &s, const ModelTraits &traits) {
  const MixedDefaults &defaults = mixed_defaults(traits);
  const std::pair<double, double> numbers[] = {{s.budget, HCD_AUTO},
                                               {s.step_size, HCD_AUTO},
                                               {s.steps, HCD_AUTO},
                                               {s.steps_lr, HCD_AUTO},
                                               {s.steps_hr, HCD_AUTO},
                                               {s.detail, defaults.detail},
                                               {s.ringing, defaults.ringing},
                                               {s.proximity, defaults.proximity},
                                               {s.quality_hint, kMiddleQuality}};
  return traits.learned > 0 && (s.start == "auto" || s.start == "lanczos") &&
         std::all_of(std::begin(numbers), std::end(numbers), [](const auto &number) {
           return number.first == HCD_AUTO || number.first == number.second;
         });
}

Loss choose_loss(const DownSettings &s, const ModelTraits &traits) {
  if (s.loss == "mse") return Loss::kMse;
  const bool quadratic = s.optimizer == "cg" || s.optimizer == "exact";
  if (s.loss == "auto") {
    const bool exact =
        traits.linear && s.preset == "fast" && s.optimizer == "auto" && !suits_learned(s, traits);
    const bool mse = !traits.luma || s.preset == "paper" || quadratic || exact;
    return mse ? Loss::kMse : Loss::kMixed;
  }
  HCD_CHECK(traits.luma, HCD_E_OPTION,
            "option loss: mixed needs Y'CbCr or gray frames and a client that enlarges luma by "
            "itself, found others with model=%s (use mse)",
            s.model.c_str());
  HCD_CHECK(s.preset != "paper", HCD_E_OPTION,
            "option loss: expected auto or mse with preset=paper, found 'mixed'");
  HCD_CHECK(!quadratic, HCD_E_OPTION,
            "option loss: expected auto or mse with optimizer=%s, found "
            "'mixed' (it is not quadratic)",
            s.optimizer.c_str());
  return Loss::kMixed;
}

Rule choose_rule(const DownSettings &s, const ModelTraits &traits, Loss loss) {
  const std::string &name = s.optimizer;
  if (name == "pgd") return Rule::kPgd;
  if (name == "adam") return Rule::kAdam;
  if (name == "cg") return Rule::kCg;
  if (name == "exact") return Rule::kExact;
  if (name == "learned") return Rule::kLearned;
  if (s.preset == "paper") return Rule::kPgd;
  if (loss == Loss::kMixed && suits_learned(s, traits)) return Rule::kLearned;
  const bool hr_stage = s.steps_hr != HCD_AUTO && s.steps_hr > 0;
  if (!traits.linear || loss == Loss::kMixed || hr_stage) return Rule::kAdam;
  const bool steps_given = s.steps != HCD_AUTO || s.steps_lr != HCD_AUTO;
  const bool pulled = s.proximity != HCD_AUTO && s.proximity > 0;
  return traits.clients == 1 && !pulled && !steps_given ? Rule::kExact : Rule::kCg;
}

void check_rule(const DownSettings &s, const ModelTraits &traits, const Plan &plan) {
  const char *name = s.optimizer.c_str();
  HCD_CHECK(s.preset != "paper" || plan.rule == Rule::kPgd, HCD_E_OPTION,
            "option optimizer: expected auto or pgd with preset=paper, found '%s'", name);
  const bool quadratic = plan.rule == Rule::kCg || plan.rule == Rule::kExact;
  HCD_CHECK(!quadratic || traits.linear, HCD_E_OPTION,
            "option optimizer: %s needs a linear client, found model=%s (use adam or pgd)", name,
            s.model.c_str());
  HCD_CHECK(plan.rule != Rule::kExact || traits.clients == 1, HCD_E_OPTION,
            "option optimizer: exact needs one client, found model=%s (use cg)", s.model.c_str());
  const bool learned = plan.rule == Rule::kLearned;
  HCD_CHECK(!learned || plan.loss == Loss::kMixed, HCD_E_OPTION,
            "option optimizer: learned was fitted to loss=mixed, found loss=%s", s.loss.c_str());
  HCD_CHECK(!learned || (s.budget == HCD_AUTO && s.step_size == HCD_AUTO), HCD_E_OPTION,
            "option optimizer: learned knows neither budget nor step_size, found one of them (use "
            "adam)");
  HCD_CHECK(!learned || plan.steps_hr == 0, HCD_E_OPTION,
            "option steps_hr: expected 0 with optimizer=learned, found %d", plan.steps_hr);
  HCD_CHECK(!learned || plan.steps_lr <= traits.learned, HCD_E_OPTION,
            "option optimizer: learned has %d steps for model=%s at this ratio, found %d wanted "
            "(use adam)",
            traits.learned, s.model.c_str(), plan.steps_lr);
  HCD_CHECK(
      !quadratic || plan.steps_hr == 0, HCD_E_OPTION,
      "option steps_hr: expected 0, since %s solves the LR stage alone, found %d (use pgd or adam)",
      plan.rule == Rule::kCg ? "cg" : "exact", plan.steps_hr);
  HCD_CHECK(plan.step_size >= 0 || plan.rule == Rule::kPgd, HCD_E_OPTION,
            "option step_size: expected 0 or more, since only pgd goes uphill, found %g",
            plan.step_size);
}

}  // namespace

Plan make_plan(const DownSettings &s, const ModelTraits &traits) {
  const Preset &preset = find_preset(s.preset);
  Plan plan;
  plan.loss = choose_loss(s, traits);
  plan.rule = choose_rule(s, traits, plan.loss);
  plan.paper = preset.name == "paper";

  // Asked for by name, exact is the optimum itself; as the default it minds the encoder.
  const bool minds_encoder = plan.rule == Rule::kExact && s.optimizer == "auto" && traits.video;
  const bool mixed = plan.loss == Loss::kMixed;
  const MixedDefaults &defaults = mixed_defaults(traits);
  // What an encoder's quantiser step does: doubled by 6 more.
  const double hint =
      std::exp2((s.quality_hint != HCD_AUTO ? s.quality_hint - kMiddleQuality : 0) / 6);
  plan.proximity = s.proximity != HCD_AUTO ? s.proximity
                   : mixed                 ? hint * defaults.proximity
                   : minds_encoder         ? kVideoProximity
                                           : 0;
  plan.detail = s.detail != HCD_AUTO ? s.detail : defaults.detail;
  plan.ringing = s.ringing != HCD_AUTO ? s.ringing : defaults.ringing;

  const bool iterative = plan.rule == Rule::kPgd || plan.rule == Rule::kAdam;
  const int mixed_steps = traits.linear ? preset.adam_steps : preset.network_mixed_steps;
  const bool learned = plan.rule == Rule::kLearned;
  plan.learned_at = traits.learned_at;
  const int learned_steps = traits.linear ? preset.learned_linear : preset.learned_network;
  const int preset_steps = plan.paper  ? kPaperSteps
                           : learned   ? learned_steps
                           : mixed     ? mixed_steps
                           : iterative ? preset.adam_steps
                                       : preset.cg_steps;
  const int steps = s.steps != HCD_AUTO ? s.steps : preset_steps;
  plan.steps_lr = s.steps_lr != HCD_AUTO ? s.steps_lr : steps;
  if (learned && plan.steps_lr > 0 && s.steps == HCD_AUTO && s.steps_lr == HCD_AUTO) {
    plan.polish = preset.polish;
  }
  plan.steps_hr = s.steps_hr != HCD_AUTO ? s.steps_hr : plan.paper ? steps : 0;

  const bool budget_given = s.budget != HCD_AUTO, step_given = s.step_size != HCD_AUTO;
  plan.budget_of_frame = plan.paper && !budget_given;
  plan.step_of_frame = plan.paper && !step_given;
  // The loss mixed has its own pull; pgd needs a ball to measure its steps by.
  const bool bounded = plan.rule == Rule::kPgd || (iterative && !mixed);
  plan.budget = budget_given ? s.budget : plan.paper ? kPaperRadius : bounded ? kBudget : -1;
  plan.step_of_error = (plan.rule == Rule::kAdam || learned) && !step_given;
  // A pgd step may reach the edge of the ball in half of its steps.
  const double pgd_step = 2 * plan.budget / (plan.steps_lr > 0 ? plan.steps_lr : 1);
  plan.step_size = step_given                ? s.step_size
                   : plan.paper              ? kPaperStep
                   : plan.rule == Rule::kPgd ? pgd_step
                   : mixed                   ? defaults.step_size
                                             : kAdamRate;
  for (const auto &[name, value] : {std::pair{"detail", s.detail}, std::pair{"ringing", s.ringing},
                                    std::pair{"quality_hint", s.quality_hint}}) {
    HCD_CHECK(value == HCD_AUTO || mixed, HCD_E_OPTION,
              "option %s: belongs to loss=mixed, found %g with another loss", name, value);
  }
  check_rule(s, traits, plan);
  return plan;
}

std::string describe(const Plan &plan) {
  const char *names[] = {"pgd", "adam", "cg", "exact", "learned"};
  if (plan.rule == Rule::kExact) return "optimizer: exact";
  std::string text =
      format_text("optimizer: %s, %d steps", names[static_cast<int>(plan.rule)], plan.steps_lr);
  if (plan.steps_hr > 0) text += format_text(" after %d of the HR stage", plan.steps_hr);
  if (plan.rule == Rule::kLearned) text += format_text(" fitted at ratio %s", plan.learned_at);
  if (plan.polish > 0) text += format_text(", then adam, %d", plan.polish);
  return text;
}

}  // namespace hcd::session
