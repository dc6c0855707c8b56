// SPDX-License-Identifier: BSD-2-Clause
// Adam, and what keeps it in bounds.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "train/recipe.h"

namespace hcd::train {

// Adam (Kingma and Ba, ICLR 2015), beta 0.9 and 0.999, or AdamW (Loshchilov and Hutter, ICLR 2019):
// LibTorch's fused kernel, with its state in the open for checkpoints.
class Optimizer {
 public:
  // `params`: leaves that require a gradient.
  Optimizer(const Recipe &recipe, std::vector<at::Tensor> params);

  // The norm of the gradient of all parameters. Scales the gradients so that it is at most
  // recipe.clip.
  double clip_gradient();

  // One step with the gradients of the parameters, which are then dropped.
  void step(double learning_rate);

  // First and second moments, in the order of the parameters, and the steps done.
  std::vector<at::Tensor> &first() { return first_; }
  std::vector<at::Tensor> &second() { return second_; }
  void set_steps(int64_t steps);

 private:
  std::vector<at::Tensor> gradients() const;

  double clip_, weight_decay_;
  bool decoupled_;
  std::vector<at::Tensor> params_, first_, second_, steps_;
};

}  // namespace hcd::train
