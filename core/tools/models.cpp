// SPDX-License-Identifier: BSD-2-Clause
// hcd models: hcd_models() as names, as a table, as JSON.
#include "tools/commands.h"

#include <hcd/hcd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "tools/error.h"
#include "tools/session.h"

namespace hcd::tools {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const char *text) { return text ? Json(text) : Json(nullptr); }

Json variant_json(const hcd_model_variant &variant) {
  return {{"scale", variant.scale},
          {"parameters", variant.parameters},
          {"receptive_field", variant.receptive_field},
          {"macs_per_small_pixel", variant.macs},
          {"built_in", variant.built_in != 0}};
}

void print_json() {
  Json models = Json::array();
  for (const hcd_model_info *model = hcd_models(); model->name; ++model) {
    Json entry = {{"name", model->name},
                  {"description", model->description},
                  {"needs_weights", model->needs_weights != 0},
                  {"linear", model->linear != 0},
                  {"planes", text_or_null(model->planes)},
                  {"paper", text_or_null(model->paper)},
                  {"licence", text_or_null(model->licence)},
                  {"has_downscale", model->has_downscale != 0},
                  {"tiles_exactly", model->tiles_exactly != 0},
                  {"variants", Json::array()}};
    for (int i = 0; i < model->n_variants; ++i) {
      entry["variants"].push_back(variant_json(model->variants[i]));
    }
    models.push_back(entry);
  }
  std::printf("%s\n", models.dump(2).c_str());
}

int name_width() {
  size_t width = 0;
  for (const hcd_model_info *model = hcd_models(); model->name; ++model) {
    width = std::max(width, std::strlen(model->name));
  }
  return static_cast<int>(width);
}

void print_lines() {
  for (const hcd_model_info *model = hcd_models(); model->name; ++model) {
    std::printf("%-*s  %s\n", name_width(), model->name, model->description);
  }
}

// Networks only: what they cost and whose they are, one line a scale.
void print_long() {
  std::printf(
      "%-*s scale  sees  parameters  receptive field  MACs/small pixel  weights   tiles  "
      "licence, paper\n",
      name_width(), "model");
  for (const hcd_model_info *model = hcd_models(); model->name; ++model) {
    for (int i = 0; i < model->n_variants; ++i) {
      const hcd_model_variant &v = model->variants[i];
      std::printf("%-*s    x%d  %-4s  %10lld  %15d  %16lld  %-8s  %-5s  %s; %s\n", name_width(),
                  model->name, v.scale, model->planes, static_cast<long long>(v.parameters),
                  v.receptive_field, static_cast<long long>(v.macs),
                  v.built_in ? "built in" : "needed", model->tiles_exactly ? "exact" : "near",
                  model->licence, model->paper);
    }
  }
}

void check_weights(const ModelsArguments &arguments) {
  constexpr int kSide = 64;
  OptionTexts options = {
      {"model", arguments.model}, {"weights", arguments.check}, {"device", "cpu"}};
  // A light network takes other ratios than its factor: that is what the weights come to by
  // themselves.
  std::optional<Size> own;
  try {
    own = Session::up(options, false).result_size(kSide, 1);
  } catch (const ToolError &) {
    // Weights that do not say their scale; what else may be wrong is found again below.
  }
  options["scale"] = arguments.scale;
  const std::optional<Size> asked = Session::up(options, false).result_size(kSide, 1);
  if (own && asked && own->width != asked->width) {
    throw ToolError(format_text("option scale: expected %d, that of weights '%s', found %s",
                                own->width / kSide, arguments.check.c_str(),
                                arguments.scale.c_str()));
  }
}

}  // namespace

void run_models(const ModelsArguments &arguments) {
  if (!arguments.check.empty()) return check_weights(arguments);
  if (arguments.json) return print_json();
  return arguments.is_long ? print_long() : print_lines();
}

}  // namespace hcd::tools
