// SPDX-License-Identifier: BSD-2-Clause
// The steps of a training or a tuning, with checkpoints on the way.
#pragma once

#include <functional>
#include <string>

#include "train/checkpoint.h"
#include "train/data_set.h"

namespace hcd::train {

// Steps up to the recipe's number from where `progress` stands. `after` is called behind each, with
// its losses; a checkpoint is written at the recipe's intervals, at the end, and where a stop is
// requested, which returns false. Throws hcd::Error; one of a step tells its batch.
bool run_steps(const Recipe &recipe, const DataSet &data, const std::string &checkpoint,
               Learner &learner, Progress &progress,
               const std::function<void(const Losses &losses)> &after);

}  // namespace hcd::train
