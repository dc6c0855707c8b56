// SPDX-License-Identifier: BSD-2-Clause
// What a descent lessens: a value and its slope on what clients show, and what the small frame will
// cost.
#pragma once

#include "engine/engine.h"

namespace hcd::loss {

// `k`: number of the client. Pictures and planes lie in the engine's memory.
class Loss {
 public:
  virtual ~Loss() = default;

  // The value of what client `k` shows, and its derivative, as large, if `slope` has data. `shown`
  // may be clipped.
  virtual Number shown(size_t k, Plane shown, Plane slope) = 0;
  // The same of a window of a picture, where the loss is a sum over pixels, else empty. The
  // windows' values add up to that of the picture.
  virtual LocalLoss local(size_t k) const {
    (void)k;
    return {};
  }

  // What the small frame `x` costs; adds the derivative to `gradient`.
  virtual Number small(ConstVector x, Vector gradient) = 0;

  // 0 where the first point that was evaluated has shown nothing to gain, else 1.
  virtual Number can_gain() const { return 1; }

  // Root mean squared error of what is shown, in code values, at the first point, which had
  // `value`.
  virtual Number rms_error(const Number &value) const { return sqrt(value); }
};

}  // namespace hcd::loss
