// SPDX-License-Identifier: BSD-2-Clause
// What a training changes: the network, its average, the optimizer's state.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "files/safetensors.h"
#include "models/registry.h"
#include "train/data_set.h"
#include "train/optimizer.h"
#include "train/recipe.h"

namespace hcd::train {

// A model with its parameters.
struct Network {
  models::Params params;
  std::unique_ptr<models::Model> model;

  // Parameters start from the recipe's seed. Kernels lie in memory as [out, h, w, in], which makes
  // LibTorch run every convolution so; on a CPU it is the faster way for few channels.
  Network(const Recipe &recipe, at::Device device);
  std::vector<at::Tensor> trainable() const;
};

// Of one iteration, or means over several.
struct Losses {
  double total = 0;
  std::vector<std::pair<std::string, double>> parts;
};

class Learner {
 public:
  Learner(const Recipe &recipe, at::Device device, bool bf16);

  // One step. Throws HCD_E_OPTION where the loss or its
  // gradient is not finite; the parameters are then as they were before.
  Losses step(const Batch &batch);

  // Before the first step: weights to start from instead of the seed's. Throws HCD_E_FILE.
  void start_from(const files::Safetensors &weights);

  // The number of steps done.
  int64_t iteration() const { return iteration_; }
  // The network that the training is for: the average where the recipe has one.
  const Network &result() const { return average_ ? *average_ : network_; }

  // Every tensor of the state by its name in a checkpoint; handles, to be read or filled.
  std::vector<std::pair<std::string, at::Tensor>> state();
  // Continues after that many steps, once state() is filled.
  void set_iteration(int64_t iteration);

 private:
  Losses backward(const Batch &batch);
  void update_average();

  Recipe recipe_;
  at::Device device_;
  bool bf16_;
  Network network_;
  std::optional<Network> average_;
  Optimizer optimizer_;
  int64_t iteration_ = 0;
};

}  // namespace hcd::train
