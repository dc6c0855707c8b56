// SPDX-License-Identifier: BSD-2-Clause
#include "loss/squared_error.h"

#include <utility>

namespace hcd::loss {

SquaredError::SquaredError(std::vector<ConstPlane> targets, ConstVector x0, double proximity,
                           Engine &engine)
    : targets_(std::move(targets)), x0_(x0), proximity_(proximity), engine_(engine) {}

double SquaredError::mean_of(size_t k) const {
  return 1 / (static_cast<double>(targets_[k].size()) * targets_[k].channels);
}

double SquaredError::shown(size_t k, Plane shown, Plane slope) {
  const double mean = mean_of(k);
  return mean * engine_.squared_error(shown, targets_[k], static_cast<float>(2 * mean), slope);
}

double SquaredError::shown_part(size_t k, const Rect &window, ConstPlane shown,
                                Plane slope) const {
  const double mean = mean_of(k);
  return mean * squared_error(shown, targets_[k].crop(window), static_cast<float>(2 * mean), slope);
}

double SquaredError::small(ConstVector x, Vector gradient) {
  if (proximity_ == 0) return 0;
  const double pull = proximity_ / static_cast<double>(x.size());
  Buffer move = engine_.allocate(x.size());
  engine_.subtract(x, x0_, move.span());
  engine_.axpy(static_cast<float>(2 * pull), move.span(), gradient);
  return pull * engine_.dot(move.span(), move.span());
}

}  // namespace hcd::loss
