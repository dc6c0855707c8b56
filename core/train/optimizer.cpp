// SPDX-License-Identifier: BSD-2-Clause
#include "train/optimizer.h"

#include <c10/core/GradMode.h>

#include <cmath>
#include <optional>

namespace hcd::train {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;

// One of LibTorch's two kernels of the same arguments.
using Update = void (*)(at::TensorList, at::TensorList, at::TensorList, at::TensorList,
                        at::TensorList, at::TensorList, double, double, double, double, double,
                        bool, bool, const std::optional<at::Tensor> &,
                        const std::optional<at::Tensor> &);

}  // namespace

Optimizer::Optimizer(const Recipe &recipe, std::vector<at::Tensor> params)
    : clip_(recipe.clip),
      weight_decay_(recipe.weight_decay),
      decoupled_(recipe.decoupled_decay),
      params_(std::move(params)) {
  for (const at::Tensor &param : params_) {
    first_.push_back(at::zeros_like(param));
    second_.push_back(at::zeros_like(param));
    steps_.push_back(at::zeros({}, param.options().dtype(at::kFloat)));
  }
}

void Optimizer::set_steps(int64_t steps) {
  for (at::Tensor &step : steps_) step.fill_(static_cast<double>(steps));
}

// A parameter that the loss does not reach has no gradient.
std::vector<at::Tensor> Optimizer::gradients() const {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor &param : params_) {
    gradients.push_back(param.grad().defined() ? param.grad() : at::zeros_like(param));
  }
  return gradients;
}

double Optimizer::clip_gradient() {
  const c10::NoGradGuard guard;
  const std::vector<at::Tensor> gradient = gradients();
  double squares = 0;
  for (const at::Tensor &norm : at::_foreach_norm(gradient, 2)) {
    const double value = norm.item<double>();
    squares += value * value;
  }
  const double norm = std::sqrt(squares);
  if (clip_ > 0 && norm > clip_) {
    for (const at::Tensor &param : params_) {
      if (param.grad().defined()) param.grad().mul_(clip_ / norm);
    }
  }
  return norm;
}

void Optimizer::step(double learning_rate) {
  const c10::NoGradGuard guard;
  const std::vector<at::Tensor> gradient = gradients();
  at::_foreach_add_(steps_, 1);
  const Update update = decoupled_ ? Update{at::_fused_adamw_} : Update{at::_fused_adam_};
  update(params_, gradient, first_, second_, {}, steps_, learning_rate, kBeta1, kBeta2,
         weight_decay_, kEpsilon, false, false, {}, {});
  for (at::Tensor &param : params_) param.mutable_grad().reset();
}

}  // namespace hcd::train
