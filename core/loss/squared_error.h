// SPDX-License-Identifier: BSD-2-Clause
// The loss mse: mean squared error, and proximity to the plain small frame.
#pragma once

#include <vector>

#include "loss/loss.h"

namespace hcd::loss {

// mean (shown - target)^2 + proximity mean (x - x0)^2, in squared 8-bit code values. References are
// kept.
class SquaredError : public Loss {
 public:
  // `targets`: of each client's picture.
  SquaredError(std::vector<ConstPlane> targets, ConstVector x0, double proximity, Engine &engine);

  double shown(size_t k, Plane shown, Plane slope) override;
  bool is_sum() const override { return true; }
  double shown_part(size_t k, const Rect &window, ConstPlane shown, Plane slope) const override;
  double small(ConstVector x, Vector gradient) override;

 private:
  double mean_of(size_t k) const;

  std::vector<ConstPlane> targets_;
  ConstVector x0_;
  double proximity_;
  Engine &engine_;
};

}  // namespace hcd::loss
