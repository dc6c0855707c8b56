// SPDX-License-Identifier: BSD-2-Clause
// Fits the kernels of the rule `learned` to the moves of long descents, step by step.
#pragma once

#include "train/recipe.h"
#include "train/train.h"

namespace hcd::train {

// For each of the recipe's `models` at its `scale`: `steps` steps, whose kernels are the least
// squares fit, over `iterations` batches of patches, of what a step sees to the rest of the way to
// where a long descent by Adam ends. Leaves steps-<model>_x<scale>.safetensors in the output folder
// and tells the loss of held-out pictures after each step, beside Adam's. Returns false where a
// signal stopped it; the files of finished models are there then. Throws hcd::Error.
bool fit_steps(const Arguments &arguments, const Recipe &recipe);

}  // namespace hcd::train
