// SPDX-License-Identifier: BSD-2-Clause
#include "descent/learned.h"

#include <utility>

namespace hcd::descent {

LearnedDescent::LearnedDescent(Objective &objective, Vector x, int width, Engine &engine)
    : objective_(objective),
      x_(x),
      width_(width),
      engine_(engine),
      start_(engine.allocate(x.size())) {
  engine.copy(x, start_.span());
}

ConstPlane LearnedDescent::plane(const float *values) const {
  return {values, width_, static_cast<int>(x_.size()) / width_};
}

Number LearnedDescent::look() {
  std::swap(gradient_, last_);
  if (gradient_.size() == 0) gradient_ = engine_.allocate(x_.size());
  const Number value = objective_.value_and_gradient(x_, gradient_.span());
  if (!looked_) {
    const Number error = objective_.rms_error(value);
    unit_ = error * error * static_cast<double>(x_.size());
    looked_ = true;
  }
  engine_.scale(unit_, gradient_.span());
  return value;
}

ConstPlane LearnedDescent::move() {
  if (move_.size() == 0) move_ = engine_.allocate(x_.size());
  engine_.subtract(x_, start_.span(), move_.span());
  return plane(move_.data());
}

void LearnedDescent::step(const LearnedStep &step) {
  const Plane x{x_.data(), width_, static_cast<int>(x_.size()) / width_};
  if (!step.move.empty()) move();  // before x changes
  engine_.correlate(gradient(), step.gradient, x);
  if (!step.last.empty()) engine_.correlate(last(), step.last, x);
  if (!step.move.empty()) engine_.correlate(plane(move_.data()), step.move, x);
  objective_.clip(x_);
}

int learned(Objective &objective, Vector x, int width, std::span<const LearnedStep> steps,
            Engine &engine) {
  LearnedDescent descent(objective, x, width, engine);
  for (const LearnedStep &step : steps) {
    descent.look();
    descent.step(step);
  }
  return static_cast<int>(steps.size());
}

}  // namespace hcd::descent
