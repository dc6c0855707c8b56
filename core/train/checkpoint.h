// SPDX-License-Identifier: BSD-2-Clause
// The state of a training in one file, and its result in another.
#pragma once

#include <string>

#include "train/learner.h"
#include "train/recipe.h"

namespace hcd::train {

// What a checkpoint knows beside the learner's tensors. There is no state of random numbers: they
// are functions of the seed and the iteration.
struct Progress {
  int64_t iteration = 0;
  int threads = 1;
  double seconds = 0;  // spent so far
  // Of the iterations since the last row of train.csv.
  int64_t count = 0;
  Losses sums;
};

// "srcnn_x2.json, text 0123456789abcdef": a recipe with another text is another training.
std::string recipe_label(const Recipe &recipe);

// Writes atomically. Throws HCD_E_FILE.
void save_checkpoint(const std::string &path, const Recipe &recipe, Learner &learner,
                     const Progress &progress);

// Only what save_checkpoint() wrote of itself, without the tensors. Throws HCD_E_FILE where the
// file is missing, damaged or of another recipe.
Progress read_progress(const std::string &path, const Recipe &recipe);
// Fills the learner. Throws HCD_E_FILE.
void load_checkpoint(const std::string &path, Learner &learner, const Progress &progress);

// The trained network as a weight file that says what it is and where it comes from.
void save_result(const std::string &path, const Recipe &recipe, const Learner &learner,
                 double validation_psnr);

}  // namespace hcd::train
