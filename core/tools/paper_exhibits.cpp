// SPDX-License-Identifier: BSD-2-Clause
// The tables and figures of the paper: see the header.
#include "tools/paper_exhibits.h"

#include "tools/error.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace hcd::tools {
namespace {

constexpr int kSteps = 15;  // of each stage, section 4.1 of the paper

// The length of a step of section 4.1, 20/255, on the 8-bit scale.
constexpr double kAlpha = 20;

constexpr char kHcd[] = "+ HCD", kOurs[] = "ours", kPlain[] = "plain";

PaperRule plain_rule() { return {{{"steps", "0"}}, {}, {}}; }

PaperRule paper_rule(int steps_hr, int steps_lr) {
  return {{{"preset", "paper"},
           {"steps_hr", std::to_string(steps_hr)},
           {"steps_lr", std::to_string(steps_lr)}},
          {},
          {}};
}

// The best rule of this project with as many gradients as the paper's: the optimum itself for a
// linear client; for a network all of them in the LR stage, by Adam, within a budget per sample
// with which FIRN x4 gains more decibels than by the paper's rule at the same SSIM.
PaperRule our_rule(const std::string &model, int gradients) {
  const hcd_model_info *info = find_model(model);
  if (info && info->linear) return {{{"optimizer", gradients > 0 ? "exact" : "auto"}}, {}, {}};
  return {{{"optimizer", "adam"}, {"steps", std::to_string(gradients)}, {"budget", "1.5"}}, {}, {}};
}

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

struct RowOfTable1 {
  std::string label, model;
};

// The paper's rows, then this project's other networks at that scale.
std::vector<RowOfTable1> rows_of_table_1(const PaperPlan &plan, const PaperInput &input) {
  std::vector<RowOfTable1> rows;
  const auto wanted = [&](const std::string &model) {
    const auto &models = input.models;
    return models.empty() || std::find(models.begin(), models.end(), model) != models.end();
  };
  const auto listed = [&](const std::string &model) {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const RowOfTable1 &row) { return row.model == model; });
  };
  for (const PublishedRow &row : published_rows(plan.scale())) {
    if (wanted(row.model)) rows.push_back({row.label, row.model});
  }
  for (const std::string &model : input.models) {
    if (!listed(model)) rows.push_back({model, model});
  }
  for (const hcd_model_info *info = hcd_models(); info->name; ++info) {
    if (info->n_variants == 0 || listed(info->name) || !wanted(info->name)) continue;
    if (plan.obstacle(info->name) != "not at this scale") rows.push_back({info->name, info->name});
  }
  return rows;
}

// Those asked for; else the best of the paper's models that can run here.
std::vector<std::string> models_of_sweeps(const PaperPlan &plan, const PaperInput &input) {
  if (!input.models.empty()) return input.models;
  for (const char *model : {"hcflow", "irn", "firn", "irn-small", "car", "rrdb", "edsr", "srcnn"}) {
    if (plan.obstacle(model).empty()) return {model};
  }
  throw ToolError("no network has weights at scale " + std::to_string(plan.scale()) +
                  ": give some by --weights, or name a linear client by --models");
}

std::string pictures_note(const PaperSet &set) {
  std::string names;
  for (const auto &picture : set.pictures) {
    names += (names.empty() ? "" : ", ") + picture.filename().string();
  }
  return "Pictures of " + set.name + ": " + names + ".";
}

const char *kOursNote =
    "Ours: as many gradients as the paper's rule, all of the LR stage, by Adam, at most 1.5 code "
    "values RMS from the plain picture; linear clients: the optimum.";
const char *kPublishedNote = "In brackets: IRN x2 on Set5, Xu et al., ICCV 2023.";

// A curve of the LR stage over the norms that `rule_of` takes.
template <typename RuleOf>
void add_curve(PaperPlan &plan, const PaperInput &input, const std::vector<double> &values,
               const RuleOf &rule_of, Exhibit &exhibit) {
  for (const std::string &model : models_of_sweeps(plan, input)) {
    const size_t plain = plan.add(model, plain_rule(), input.sweep.pictures);
    exhibit.entries.push_back({kPlain, model, plain, 0.0, {}});
    for (const double value : values) {
      const size_t experiment = plan.add(model, rule_of(value), input.sweep.pictures);
      exhibit.entries.push_back({number_text(value), model, experiment, value, {}});
    }
  }
  exhibit.notes.push_back(pictures_note(input.sweep));
}

// One picture under three rules, kept for a figure.
void add_pictures(PaperPlan &plan, const PaperInput &input, size_t n_pictures, Exhibit &exhibit) {
  n_pictures = std::min(n_pictures, input.sweep.pictures.size());
  for (const std::string &model : models_of_sweeps(plan, input)) {
    for (size_t i = 0; i < n_pictures; ++i) {
      const auto picture = input.sweep.pictures[i];
      const std::string row = model + ", " + picture.stem().string();
      const auto add = [&](const char *column, const PaperRule &rule) {
        exhibit.entries.push_back({row, column, plan.add(model, rule, {picture}, true), {}, {}});
      };
      add(kPlain, plain_rule());
      add(kHcd, paper_rule(kSteps, kSteps));
      add(kOurs, our_rule(model, 2 * kSteps));
    }
  }
  exhibit.first_column = "model, picture";
  exhibit.is_figure = true;
}

}  // namespace

Exhibit table_1(PaperPlan &plan, const PaperInput &input) {
  Exhibit exhibit = {"table_1", "Table 1: x" + std::to_string(plan.scale()) + ", PSNR-Y / SSIM",
                     "method",  {},
                     false,     false,
                     {}};
  for (const auto &[label, model] : rows_of_table_1(plan, input)) {
    const std::string row = label == model ? label : label + " (" + model + ")";
    for (const PaperSet &set : input.sets) {
      const auto add = [&](const char *variant, const PaperRule &rule,
                           const std::optional<PublishedScore> &published) {
        const size_t experiment = plan.add(model, rule, set.pictures);
        exhibit.entries.push_back({row, set.name + " " + variant, experiment, {}, published});
      };
      add(kPlain, plain_rule(), published_score(model, plan.scale(), false, set.name));
      add(kHcd, paper_rule(kSteps, kSteps), published_score(model, plan.scale(), true, set.name));
      add(kOurs, our_rule(model, 2 * kSteps), {});
    }
  }
  exhibit.notes = {"In brackets: " + published_source(plan.scale()) + ".", kOursNote};
  for (const PaperSet &set : input.sets) {
    exhibit.notes.push_back(set.name + ": " + std::to_string(set.pictures.size()) + " pictures.");
  }
  return exhibit;
}

Exhibit table_2(PaperPlan &plan, const PaperInput &input) {
  Exhibit exhibit = {"table_2",
                     "Table 2: the two stages, x" + std::to_string(plan.scale()),
                     "model, stages",
                     {},
                     false,
                     true,
                     {}};
  struct Stages {
    const char *label;
    int hr, lr;
  };
  constexpr std::array kStages = {Stages{"none", 0, 0}, Stages{"HR only", kSteps, 0},
                                  Stages{"LR only", 0, kSteps}, Stages{"both", kSteps, kSteps}};
  for (const std::string &model : models_of_sweeps(plan, input)) {
    for (const auto &[label, hr, lr] : kStages) {
      const std::string row = model + ", " + label;
      const bool none = hr + lr == 0;
      const auto &pictures = input.sweep.pictures;
      exhibit.entries.push_back(
          {row,
           "paper's rule",
           plan.add(model, none ? plain_rule() : paper_rule(hr, lr), pictures),
           {},
           published_steps(hr, lr)});
      exhibit.entries.push_back(
          {row,
           kOurs,
           plan.add(model, none ? plain_rule() : our_rule(model, hr + lr), pictures),
           {},
           {}});
    }
  }
  exhibit.notes = {kPublishedNote, kOursNote, pictures_note(input.sweep)};
  return exhibit;
}

Exhibit table_3(PaperPlan &plan, const PaperInput &input) {
  Exhibit exhibit = {"table_3",  "Table 3: steps of each stage, x" + std::to_string(plan.scale()),
                     "model, N", {},
                     false,      true,
                     {}};
  for (const std::string &model : models_of_sweeps(plan, input)) {
    for (const int steps : {0, 1, 5, 10, 15, 20}) {
      const std::string row = model + ", " + std::to_string(steps);
      const auto &pictures = input.sweep.pictures;
      const PaperRule theirs = steps ? paper_rule(steps, steps) : plain_rule();
      const PaperRule ours = steps ? our_rule(model, 2 * steps) : plain_rule();
      exhibit.entries.push_back({row, "paper's rule", plan.add(model, theirs, pictures),
                                 double(steps), published_steps(steps, steps)});
      exhibit.entries.push_back({row, kOurs, plan.add(model, ours, pictures), double(steps), {}});
    }
  }
  exhibit.notes = {kPublishedNote, kOursNote, pictures_note(input.sweep),
                   "Seconds: of making the small picture, mean per picture. MiB: the largest "
                   "process, LibTorch and the enlarging of the result included."};
  return exhibit;
}

Exhibit figure_2(PaperPlan &plan, const PaperInput &input) {
  Exhibit exhibit = {"figure_2",  "Figure 2: along and against the gradient, LR stage",
                     "direction", {},
                     true,        false,
                     {}};
  for (const std::string &model : models_of_sweeps(plan, input)) {
    const auto add = [&](const char *row, const PaperRule &rule) {
      const size_t experiment = plan.add(model, rule, input.sweep.pictures);
      exhibit.entries.push_back({row, model, experiment, {}, {}});
    };
    PaperRule against = paper_rule(0, kSteps);
    against.step_norm = -kAlpha;
    PaperRule along = against;
    along.step_norm = kAlpha;
    add("adversarial", against);
    add("none", plain_rule());
    add("collaborative", along);
  }
  exhibit.notes = {"The same steps and budget, the sign of the step turned.",
                   pictures_note(input.sweep)};
  return exhibit;
}

Exhibit figure_5(PaperPlan &plan, const PaperInput &input) {
  Exhibit exhibit = {"figure_5", "Figure 5: enlarged pictures", "", {}, true, false, {}};
  add_pictures(plan, input, 3, exhibit);
  exhibit.notes = {"The crop of 64x64 where the plain picture is furthest from the original."};
  return exhibit;
}

Exhibit figure_6(PaperPlan &plan, const PaperInput &input) {
  Exhibit exhibit = {"figure_6", "Figure 6: step size, LR stage", "alpha * 255", {}, true, false,
                     {}};
  exhibit.notes = {"Alpha: L2 norm of a step over the whole small picture; published: 20/255."};
  const auto rule_of = [](double alpha) {
    PaperRule rule = paper_rule(0, kSteps);
    rule.step_norm = alpha;
    return rule;
  };
  add_curve(plan, input, {2.5, 5, 10, kAlpha, 40, 80}, rule_of, exhibit);
  return exhibit;
}

Exhibit figure_7(PaperPlan &plan, const PaperInput &input) {
  Exhibit exhibit = {"figure_7", "Figure 7: budget, LR stage", "epsilon", {}, true, false, {}};
  exhibit.notes = {"Epsilon: L2 norm over the whole small picture in [0, 1]; published: 0.3."};
  const auto rule_of = [](double epsilon) {
    PaperRule rule = paper_rule(0, kSteps);
    rule.budget_norm = epsilon * 255;
    return rule;
  };
  add_curve(plan, input, {0.05, 0.1, 0.2, 0.3, 0.5, 1}, rule_of, exhibit);
  return exhibit;
}

Exhibit figure_8(PaperPlan &plan, const PaperInput &input) {
  Exhibit exhibit = {"figure_8", "Figure 8: small pictures and what HCD adds", "", {}, true, false,
                     {}};
  add_pictures(plan, input, 2, exhibit);
  exhibit.notes = {"The difference to the plain small picture, times 16, on middle gray."};
  return exhibit;
}

}  // namespace hcd::tools
