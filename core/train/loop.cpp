// SPDX-License-Identifier: BSD-2-Clause
#include "train/loop.h"

#include <chrono>

#include "base/error.h"
#include "train/stop.h"

namespace hcd::train {
namespace {

Losses step(const DataSet &data, int64_t iteration, Learner &learner) {
  const std::vector<Crop> crops = data.crops(iteration);
  try {
    return learner.step(data.batch(crops));
  } catch (const Error &error) {
    std::string batch;
    for (const Crop &crop : crops) batch += "\n  " + data.describe(crop);
    throw Error(error.status(),
                format_text("iteration %lld: %s; the batch:%s",
                            static_cast<long long>(iteration + 1), error.what(), batch.c_str()));
  }
}

}  // namespace

bool run_steps(const Recipe &recipe, const DataSet &data, const std::string &checkpoint,
               Learner &learner, Progress &progress,
               const std::function<void(const Losses &losses)> &after) {
  while (progress.iteration < recipe.iterations) {
    const auto start = std::chrono::steady_clock::now();
    const Losses losses = step(data, progress.iteration, learner);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    progress.seconds += time.count();
    progress.iteration = learner.iteration();
    after(losses);
    const bool last = progress.iteration == recipe.iterations, stop = stop_requested();
    if (progress.iteration % recipe.checkpoint_interval == 0 || last || stop) {
      save_checkpoint(checkpoint, recipe, learner, progress);
    }
    if (stop && !last) return false;
  }
  return true;
}

}  // namespace hcd::train
