// SPDX-License-Identifier: BSD-2-Clause
// The subcommand models: see the header.
#include "tools/models.h"

#include <hcd/hcd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <nlohmann/json.hpp>

namespace hcd::tools {
namespace {

void print_json() {
  nlohmann::ordered_json models = nlohmann::ordered_json::array();
  for (const hcd_model_info *model = hcd_models(); model->name; ++model) {
    models.push_back({{"name", model->name},
                      {"description", model->description},
                      {"needs_weights", model->needs_weights != 0},
                      {"linear", model->linear != 0}});
  }
  std::printf("%s\n", models.dump(2).c_str());
}

void print_lines() {
  size_t width = 0;
  for (const hcd_model_info *model = hcd_models(); model->name; ++model) {
    width = std::max(width, std::strlen(model->name));
  }
  for (const hcd_model_info *model = hcd_models(); model->name; ++model) {
    std::printf("%-*s  %s\n", static_cast<int>(width), model->name, model->description);
  }
}

}  // namespace

void run_models(bool json) { json ? print_json() : print_lines(); }

}  // namespace hcd::tools
