// SPDX-License-Identifier: BSD-2-Clause
// A training from the recipe to the weight file.
#pragma once

#include <optional>
#include <string>

namespace hcd::train {

struct Arguments {
  std::string recipe, data, output;
  bool resume = false;
  std::optional<int64_t> iterations;  // in place of the recipe's
  std::optional<int> threads;         // likewise
  std::string device = "auto", precision = "fp32";
};

// Leaves in `output`: checkpoint.safetensors, train.csv and, at the end, <name>.safetensors.
// Returns false where SIGINT or SIGTERM stopped it, after a checkpoint. Throws hcd::Error.
bool train(const Arguments &arguments);

}  // namespace hcd::train
