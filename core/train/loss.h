// SPDX-License-Identifier: BSD-2-Clause
// What a training minimises.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "models/model.h"
#include "train/data_set.h"
#include "train/recipe.h"

namespace hcd::train {

// One term; all are means over values, so that a weight means the same for every patch size.
struct LossPart {
  std::string name;
  double weight;  // the paper's, where it says one
};

using LossValues = std::vector<std::pair<std::string, models::Tensor>>;  // not yet weighted

// `key` decides the latent.
struct LossKind {
  std::string name;
  bool coded;  // of f alone, so that a codec's small pictures can be given
  std::vector<LossPart> parts;
  LossValues (*evaluate)(const Recipe &recipe, const models::Model &model, const Batch &batch,
                         uint64_t key);
};

std::span<const LossKind> loss_kinds();
// Throws HCD_E_INTERNAL where there is none of that name.
const LossKind &find_loss(const std::string &name);

// The weighted sum and the parts of the recipe's loss.
struct Loss {
  models::Tensor total;
  LossValues parts;
};
Loss evaluate_loss(const Recipe &recipe, const models::Model &model, const Batch &batch,
                   uint64_t key);

// What a model needs of its first batch before the first step: HCFlow's normalisations.
void prepare(models::Model &model, const models::Tensor &y_hr);

// Latents of f for small pictures like x_lr: N(0, 1) from `key`, the same on every device, or zero.
models::Latents make_latents(const models::Model &model, const models::Tensor &x_lr, bool sample,
                             uint64_t key);

}  // namespace hcd::train
