// SPDX-License-Identifier: BSD-2-Clause
#include "loss/squared_error.h"

namespace hcd::loss {

SquaredError::SquaredError(ConstPlane target, double unit, ConstVector x0, double proximity,
                           Engine &engine)
    : target_(target),
      mean_(unit * unit / (static_cast<double>(target.size()) * target.channels)),
      x0_(x0),
      proximity_(proximity),
      engine_(engine) {}

Number SquaredError::shown(size_t, Plane shown, Plane slope) {
  return mean_ * engine_.squared_error(shown, target_, static_cast<float>(2 * mean_), slope);
}

LocalLoss SquaredError::local(size_t) const {
  return [this](const Rect &window, ConstPlane shown, Plane slope) {
    return mean_ * squared_error(shown, target_.crop(window), static_cast<float>(2 * mean_), slope);
  };
}

Number SquaredError::small(ConstVector x, Vector gradient) {
  if (proximity_ == 0) return 0;
  const double pull = proximity_ / static_cast<double>(x.size());
  Buffer move = engine_.allocate(x.size());
  engine_.subtract(x, x0_, move.span());
  engine_.axpy(static_cast<float>(2 * pull), move.span(), gradient);
  return pull * engine_.dot(move.span(), move.span());
}

}  // namespace hcd::loss
