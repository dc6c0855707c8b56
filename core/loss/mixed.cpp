// SPDX-License-Identifier: BSD-2-Clause
#include "loss/mixed.h"

namespace hcd::loss {
namespace {

// Below these there is nothing to gain, and a share of them means nothing: 68 dB, and what no eye
// misses.
constexpr double kLeastError = 0.01, kLeastLost = 1e-3;

// Of a client's arithmetic, in code values; 4 ulp of 255.
constexpr float kRoundingError = 0x1p-14F;

}  // namespace

Mixed::Mixed(size_t clients, ConstPlane y, ConstPlane x0, const image::Range &shown,
             const MixedWeights &weights, Engine &engine)
    : y_(y),
      x0_(x0),
      // A rounding error's width beyond: white that is shown as white has not been clipped.
      shown_range_{shown.low - kRoundingError, shown.high + kRoundingError},
      weights_(weights),
      engine_(engine),
      start_(clients),
      detail_(engine.detail(y)) {}

Number Mixed::start_error() const {
  Number sum;
  for (const Start &start : start_) sum = sum + start.error / static_cast<double>(start_.size());
  return sum;
}

Number Mixed::shown(size_t k, Plane shown, Plane slope) {
  const Number cut = engine_.clip(shown_range_, shown);
  const Number lost = detail_->value_and_gradient(shown, slope);
  const auto n = static_cast<double>(y_.size());
  Start &start = start_[k];
  if (!start.known) {
    const Number error = engine_.squared_error(shown, y_, 0, {}) / n;
    can_gain_ = max(can_gain_, max(exceeds(error, kLeastError), exceeds(lost, kLeastLost)));
    start = {max(error, kLeastError), max(lost, kLeastLost), true};
  }
  if (slope.data) clipped_ = max(clipped_, cut / (start.error * n));
  const Number error_weight = (1 - weights_.detail) / start.error;
  const Number detail_weight = weights_.detail / start.lost;
  const MixWeights weights{2 * error_weight / n, 2 * weights_.ringing / start.error / n,
                           detail_weight};
  return engine_.mix_slope(shown, y_, shown_range_, weights, slope) / 2 + detail_weight * lost;
}

Number Mixed::small(ConstVector x, Vector gradient) {
  Buffer move = engine_.allocate(x.size());
  engine_.subtract(x, {x0_.data, x0_.size()}, move.span());
  const Number pull = weights_.proximity / start_error() / static_cast<double>(x.size());
  engine_.axpy(2 * pull, move.span(), gradient);
  return pull * engine_.dot(move.span(), move.span());
}

}  // namespace hcd::loss
