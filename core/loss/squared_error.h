// SPDX-License-Identifier: BSD-2-Clause
// The loss mse: mean squared error, and proximity to the plain small frame.
#pragma once

#include "loss/loss.h"

namespace hcd::loss {

// unit^2 mean (shown - target)^2 + proximity mean (x - x0)^2, in squared 8-bit code values.
// References are kept.
class SquaredError : public Loss {
 public:
  // `target`: of the client's picture. `unit`: see Client.
  SquaredError(ConstPlane target, double unit, ConstVector x0, double proximity, Engine &engine);

  Number shown(size_t k, Plane shown, Plane slope) override;
  LocalLoss local(size_t k) const override;
  Number small(ConstVector x, Vector gradient) override;

 private:
  ConstPlane target_;
  double mean_;  // unit^2 / n
  ConstVector x0_;
  double proximity_;
  Engine &engine_;
};

}  // namespace hcd::loss
