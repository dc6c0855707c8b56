// SPDX-License-Identifier: BSD-2-Clause
// Fits the kernels of the rule `learned` to the moves of long descents, step by step.
#pragma once

#include "train/recipe.h"
#include "train/train.h"

namespace hcd::train {

// Of the recipe's `model` and `scale`: `steps` steps, whose kernels are the least squares fit, over
// `iterations` patches, of what each sees to the rest of the way to where a long descent by Adam
// ends. Leaves <name>.safetensors in the output folder and tells the loss after each step, on the
// patches and on held-out pictures, beside Adam's. Returns false where a signal stopped it; nothing
// is written then. Throws hcd::Error.
bool fit_steps(const Arguments &arguments, const Recipe &recipe);

}  // namespace hcd::train
