// SPDX-License-Identifier: BSD-2-Clause
// What a step rule knows of the problem: a value, a gradient, and where the problem is quadratic
// its second derivative. Variables are samples of planes on the 8-bit scale, in the memory of an
// engine.
#pragma once

#include <vector>

#include "engine/engine.h"

namespace hcd::descent {

class Objective {
 public:
  virtual ~Objective() = default;

  // Number of variables.
  virtual size_t size() const = 0;

  // Mean squared error of what is shown in squared 8-bit code values, plus penalties; writes its
  // derivative to `gradient`.
  virtual Number value_and_gradient(ConstVector x, Vector gradient) = 0;

  // Root mean squared error of what is shown, in code values, where value_and_gradient() first gave
  // `value`: what a step is measured by.
  virtual Number rms_error(const Number &value) const { return sqrt(value); }

  // Moves every variable into its legal interval.
  virtual void clip(Vector x) = 0;
};

// An objective whose value is exactly quadratic in x.
class Quadratic : public Objective {
 public:
  // hp = (second derivative) p.
  virtual void hessian(ConstVector p, Vector hp) = 0;
  // Ends of the groups of variables that do not interact (planes of a linear client): the rule cg
  // searches in each group apart. The last end is size().
  virtual std::vector<size_t> group_ends() const { return {size()}; }
};

}  // namespace hcd::descent
