// SPDX-License-Identifier: BSD-2-Clause
// Which cells the tables and figures need: see the header.
#include "tools/paper_plan.h"

#include "tools/png.h"

#include <algorithm>
#include <utility>

namespace hcd::tools {
namespace {

namespace fs = std::filesystem;

const hcd_model_variant *find_variant(const hcd_model_info &model, int scale) {
  const hcd_model_variant *end = model.variants + model.n_variants;
  const auto *found = std::find_if(model.variants, end, [scale](const hcd_model_variant &variant) {
    return variant.scale == scale;
  });
  return found == end ? nullptr : found;
}

int number_of(const OptionTexts &options, const std::string &name, int otherwise) {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : std::stoi(found->second);
}

// Multiplications, roughly: what the estimate of the remaining time weighs cells by.
double expected_cost(const Cell &cell, const std::string &model, int scale) {
  constexpr double kPlain = 1000;  // a small pixel without a network
  constexpr int kPaperSteps = 15;
  const hcd_model_variant *variant = find_variant(*find_model(model), scale);
  const int steps = number_of(cell.options, "steps", kPaperSteps);
  const int evaluations =
      number_of(cell.options, "steps_hr", 0) * 2 + number_of(cell.options, "steps_lr", steps);
  const double pixels = double(fs::file_size(cell.picture));  // larger files, larger pictures
  const auto network = variant ? double(std::max(variant->macs, variant->parameters)) : 0;
  return pixels * (kPlain + network) * (3 * evaluations + 4);
}

}  // namespace

const hcd_model_info *find_model(const std::string &name) {
  for (const hcd_model_info *model = hcd_models(); model->name; ++model) {
    if (name == model->name) return model;
  }
  return nullptr;
}

PaperPlan::PaperPlan(int scale, fs::path weights, OptionTexts shared)
    : scale_(scale), weights_(std::move(weights)), shared_(std::move(shared)) {}

fs::path PaperPlan::weights_file(const std::string &model) const {
  if (weights_.empty()) return {};
  const std::string extension = model == "torchscript" ? ".pt" : ".safetensors";
  const fs::path file = weights_ / (model + "_x" + std::to_string(scale_) + extension);
  return fs::exists(file) ? file : fs::path();
}

std::string PaperPlan::obstacle(const std::string &model) const {
  const hcd_model_info *info = find_model(model);
  if (!info) return "not in this build";
  if (info->linear || !weights_file(model).empty()) return "";
  if (info->n_variants == 0) return "needs weights";  // torchscript
  const hcd_model_variant *variant = find_variant(*info, scale_);
  if (!variant) return "not at this scale";
  return variant->built_in ? "" : "needs weights";
}

size_t PaperPlan::add(const std::string &model, const PaperRule &rule,
                      const std::vector<fs::path> &pictures, bool keep_pictures) {
  experiments_.push_back({obstacle(model), {}});
  if (!experiments_.back().obstacle.empty()) return experiments_.size() - 1;
  OptionTexts options = shared_;
  options.insert(rule.options.begin(), rule.options.end());
  options["model"] = model;
  options["scale"] = std::to_string(scale_);
  const fs::path weights = weights_file(model);
  if (!weights.empty()) options["weights"] = weights.string();
  for (const fs::path &picture : pictures) {
    Cell cell;
    cell.picture = picture;
    cell.options = options;
    cell.step_norm = rule.step_norm;
    cell.budget_norm = rule.budget_norm;
    cell.keep_pictures = keep_pictures;
    cell.title = picture.string() + " " + command_options(options);
    cell.cost = expected_cost(cell, model, scale_);
    experiments_.back().cells.push_back(add_cell(std::move(cell)));
  }
  return experiments_.size() - 1;
}

size_t PaperPlan::add_cell(Cell cell) {
  identify(cell);
  const auto [entry, is_new] = cell_of_name_.emplace(cell.name, cells_.size());
  if (is_new) {
    cells_.push_back(std::move(cell));
  } else if (cell.keep_pictures) {
    cells_[entry->second].keep_pictures = true;
  }
  return entry->second;
}

void PaperPlan::run(const fs::path &cache, int jobs) { outcomes_ = run_cells(cells_, cache, jobs); }

Summary PaperPlan::summary(size_t experiment) const {
  const auto &[obstacle, cells] = experiments_.at(experiment);
  Summary summary;
  summary.status = obstacle.empty() ? "done" : obstacle;
  summary.pictures = cells.size();
  for (const size_t i : cells) {
    const CellOutcome &outcome = outcomes_[i];
    if (!outcome.result) {
      summary.status = "failed: " + outcome.error;
      return summary;
    }
    const double share = 1.0 / double(cells.size());
    summary.psnr_y += share * outcome.result->psnr_y;
    summary.ssim += share * outcome.result->ssim;
    summary.seconds += share * outcome.result->seconds;
    summary.peak_mib = std::max(summary.peak_mib, outcome.result->peak_mib);
  }
  if (!cells.empty()) {
    summary.options = command_options(outcomes_[cells[0]].result->options);
    summary.cell = cells_[cells[0]].name;
  }
  return summary;
}

bool PaperPlan::has_failed() const {
  return std::any_of(outcomes_.begin(), outcomes_.end(),
                     [](const CellOutcome &outcome) { return !outcome.result; });
}

}  // namespace hcd::tools
