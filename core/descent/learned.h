// SPDX-License-Identifier: BSD-2-Clause
// Learned steps: a few linear filters of the gradient in place of many steps of a general rule.
#pragma once

#include <span>
#include <vector>

#include "descent/objective.h"

namespace hcd::descent {

// What a step adds to the small plane: each kernel correlated with its plane. Square kernels of odd
// size, row by row; empty: not looked at.
struct LearnedStep {
  std::vector<float> gradient;  // of this step
  std::vector<float> last;      // of the gradient of the step before
  std::vector<float> move;      // of the move so far
};

// A walk from `x`, a plane of the small frame. Gradients are taken in parts of the error where the
// walk starts, and per sample, so that neither a picture's size nor its difficulty matters.
class LearnedDescent {
 public:
  // `x`: `width` samples a row; moved in place. References are kept.
  LearnedDescent(Objective &objective, Vector x, int width, Engine &engine);

  // The gradient where x is; the one before becomes last(). Returns the objective's value.
  Number look();
  // Moves x, and clips it. After look().
  void step(const LearnedStep &step);

  ConstPlane gradient() const { return plane(gradient_.data()); }
  ConstPlane last() const { return plane(last_.data()); }
  ConstPlane move();  // so far

 private:
  ConstPlane plane(const float *values) const;

  Objective &objective_;
  Vector x_;
  int width_;
  Engine &engine_;
  bool looked_ = false;
  Number unit_;                            // of the gradient, from the first look on
  Buffer start_, gradient_, last_, move_;  // the others when they are first needed
};

// All steps; returns their number. docs/training.md tells how kernels are fitted.
int learned(Objective &objective, Vector x, int width, std::span<const LearnedStep> steps,
            Engine &engine);

}  // namespace hcd::descent
