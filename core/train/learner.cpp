// SPDX-License-Identifier: BSD-2-Clause
#include "train/learner.h"

#include <c10/core/GradMode.h>

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "models/weights.h"
#include "train/loss.h"

namespace hcd::train {
namespace {

// Mixed precision while it lives: convolutions in bfloat16, sums in float32.
class Autocast {
 public:
  explicit Autocast(bool on) : on_(on) {
    if (!on_) return;
    at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCUDA, true);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (!on_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCUDA, false);
  }
  Autocast(const Autocast &) = delete;
  Autocast &operator=(const Autocast &) = delete;

 private:
  bool on_;
};

Batch to_device(const Batch &batch, at::Device device) {
  return {batch.y_hr.to(device), batch.x_lr.defined() ? batch.x_lr.to(device) : at::Tensor()};
}

std::string describe(const Losses &losses) {
  std::string text = format_text("%g", losses.total);
  for (const auto &[name, value] : losses.parts) {
    text +=
        format_text("%s%s %g", &losses.parts[0].first == &name ? " (" : ", ", name.c_str(), value);
  }
  return text + (losses.parts.empty() ? "" : ")");
}

}  // namespace

Network::Network(const Recipe &recipe, at::Device device) : params(at::kFloat, device, true) {
  at::manual_seed(recipe.seed);
  model = models::make_model(recipe.model, recipe.scale, recipe.config, params);
  for (const models::Params::Entry &entry : params.entries()) {
    if (entry.value.dim() != 4) continue;
    models::Tensor(entry.value).set_data(entry.value.contiguous(at::MemoryFormat::ChannelsLast));
  }
}

std::vector<at::Tensor> Network::trainable() const {
  std::vector<at::Tensor> tensors;
  for (const models::Params::Entry &entry : params.entries()) {
    if (entry.trainable) tensors.push_back(entry.value);
  }
  return tensors;
}

Learner::Learner(const Recipe &recipe, at::Device device, bool bf16)
    : recipe_(recipe),
      device_(device),
      bf16_(bf16),
      network_(recipe, device),
      optimizer_(recipe, network_.trainable()) {
  for (at::Tensor tensor : network_.trainable()) tensor.requires_grad_(true);
  if (recipe.ema > 0) average_.emplace(recipe, device);
}

void Learner::start_from(const files::Safetensors &weights) {
  const c10::NoGradGuard guard;
  models::load_weights(network_.params, weights);
  if (average_) models::load_weights(average_->params, weights);
}

Losses Learner::backward(const Batch &batch) {
  const uint64_t key = mix(recipe_.seed ^ mix(static_cast<uint64_t>(iteration_)));
  Loss loss;
  {
    const Autocast autocast(bf16_);
    loss = evaluate_loss(recipe_, *network_.model, batch, key);
  }
  loss.total.backward();
  Losses values{loss.total.item<double>(), {}};
  for (const auto &[name, value] : loss.parts) {
    values.parts.emplace_back(name, value.item<double>());
  }
  return values;
}

Losses Learner::step(const Batch &given) {
  const Batch batch = to_device(given, device_);
  if (iteration_ == 0) prepare(*network_.model, batch.y_hr);
  const Losses losses = backward(batch);
  HCD_CHECK(std::isfinite(losses.total), HCD_E_OPTION, "expected a finite loss, found %s",
            describe(losses).c_str());
  const double norm = optimizer_.clip_gradient();
  HCD_CHECK(std::isfinite(norm), HCD_E_OPTION,
            "expected a finite gradient, found a norm of %g at the loss %s", norm,
            describe(losses).c_str());
  optimizer_.step(learning_rate(recipe_, iteration_));
  ++iteration_;
  update_average();
  return losses;
}

// The first steps count less, so that the start is soon forgotten.
void Learner::update_average() {
  if (!average_) return;
  const c10::NoGradGuard guard;
  const auto n = static_cast<double>(iteration_);
  const double decay = std::min(recipe_.ema, (1 + n) / (10 + n));
  at::_foreach_lerp_(average_->trainable(), network_.trainable(), 1 - decay);
}

std::vector<std::pair<std::string, at::Tensor>> Learner::state() {
  std::vector<std::pair<std::string, at::Tensor>> state;
  size_t moment = 0;
  for (const models::Params::Entry &entry : network_.params.entries()) {
    state.emplace_back("weights." + entry.name, entry.value);
    if (!entry.trainable) continue;
    state.emplace_back("first." + entry.name, optimizer_.first()[moment]);
    state.emplace_back("second." + entry.name, optimizer_.second()[moment++]);
  }
  if (!average_) return state;
  for (const models::Params::Entry &entry : average_->params.entries()) {
    state.emplace_back("average." + entry.name, entry.value);
  }
  return state;
}

void Learner::set_iteration(int64_t iteration) {
  iteration_ = iteration;
  optimizer_.set_steps(iteration);
}

}  // namespace hcd::train
