// SPDX-License-Identifier: BSD-2-Clause
// What the descent knows of the problem: a value, a gradient, and where the problem is quadratic
// its Hessian. Variables are samples of planes on the 8-bit scale.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace hcd::descent {

using Variables = std::span<const float>;
using Result = std::span<float>;

class Objective {
 public:
  virtual ~Objective() = default;

  // Number of variables.
  virtual size_t size() const = 0;

  // Ends of the groups of variables that do not interact (planes of a linear client): rules that
  // search along a line do so in each group apart. The last end is size().
  virtual std::vector<size_t> group_ends() const { return {size()}; }

  // Mean squared error of the enlarged frame in squared 8-bit code values, plus penalties; writes
  // its derivative to `gradient`.
  virtual double value_and_gradient(Variables x, Result gradient) = 0;

  // Root mean squared error of the enlarged frame, in code values, where value_and_gradient() first
  // gave `value`: what a step is measured by.
  virtual double rms_error(double value) const { return std::sqrt(value); }

  // Whether the value is exactly quadratic in x; only then may hessian() be called.
  virtual bool quadratic() const { return false; }

  // hp = (second derivative) p.
  virtual void hessian(Variables p, Result hp);

  // Moves every variable into its legal interval.
  virtual void clip(Result x) const = 0;
};

}  // namespace hcd::descent
