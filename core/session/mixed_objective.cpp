// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/samples.h"
#include "session/mixed_objective.h"

#include <algorithm>
#include <utility>

#include "engine/cpu/row_ops.h"
#include "engine/cpu/vector_ops.h"
#include "engine/cpu/block_cost.h"
#include "session/linear_model.h"

namespace hcd::session {
namespace {

// Below these there is nothing to gain, and a share of them means nothing: 68 dB, and what no eye
// misses.
constexpr double kLeastError = 0.01, kLeastLost = 1e-3;

// Of a client's arithmetic, in code values; 4 ulp of 255.
constexpr float kRoundingError = 0x1p-14F;

double squared_error(ConstPlane a, ConstPlane b, ThreadPool &pool) {
  std::vector<double> rows(static_cast<size_t>(a.height));
  pool.run(a.height, [&](int y) {
    double sum = 0;
    for (int x = 0; x < a.width; ++x) {
      const double error = static_cast<double>(a.row(y)[x]) - static_cast<double>(b.row(y)[x]);
      sum += error * error;
    }
    rows[static_cast<size_t>(y)] = sum;
  });
  double sum = 0;
  for (const double row : rows) sum += row;
  return sum;
}

}  // namespace

MixedObjective::MixedObjective(std::vector<std::unique_ptr<LumaClient>> clients,
                               ConstPlane y, ConstPlane x0,
                               const hcd_format &lr_format, const MixedWeights &weights,
                               ThreadPool &pool)
    : y_(y),
      x0_(x0),
      lr_format_(lr_format),
      shown_range_(image::shown_range(lr_format)),
      weights_(weights),
      pool_(pool),
      detail_(y, pool),
      low_(y.size()),
      high_(y.size()),
      shown_(y.size()),
      slope_(y.size()),
      pulled_(x0.size()) {
  for (auto &luma : clients) clients_.push_back({std::move(luma)});
  // A rounding error's width beyond: white that is shown as white has not been clipped.
  shown_range_.low -= kRoundingError;
  shown_range_.high += kRoundingError;
  find_ranges();
}

void MixedObjective::find_ranges() {
  const Plane low{low_.data(), y_.width, y_.height};
  const Plane high{high_.data(), y_.width, y_.height};
  pool_.run(y_.height, [&](int y) {
    const auto n = static_cast<size_t>(y_.width);
    std::vector<float> lows(n + 2), highs(n + 2);
    cpu::range_of_rows(y_.row(std::max(y - 1, 0)), y_.row(y), y_.row(std::min(y + 1, y_.height - 1)),
                  y_.width, lows.data() + 1, highs.data() + 1);
    for (std::vector<float> *row : {&lows, &highs}) {
      row->front() = (*row)[1];
      row->back() = (*row)[n];
    }
    std::vector<float> unused(n);
    cpu::range_of_rows(lows.data(), lows.data() + 1, lows.data() + 2, y_.width, low.row(y),
                  unused.data());
    cpu::range_of_rows(highs.data(), highs.data() + 1, highs.data() + 2, y_.width, unused.data(),
                  high.row(y));
  });
}

// The client's share at what is in shown_; its derivative goes to slope_.
double MixedObjective::compare(Client &client) {
  const Plane shown{shown_.data(), y_.width, y_.height};
  const Plane slope{slope_.data(), y_.width, y_.height};
  if (cpu::clip(shown, shown_range_, pool_)) clipped_ = true;
  const double lost = detail_.value_and_gradient(shown, slope);
  const auto n = static_cast<double>(y_.size());
  if (client.error == 0) {
    const double error = squared_error(shown, y_, pool_) / n;
    can_gain_ = can_gain_ || error > kLeastError || lost > kLeastLost;
    client.error = std::max(error, kLeastError);
    client.lost = std::max(lost, kLeastLost);
  }
  const double error_weight = (1 - weights_.detail) / client.error;
  const double detail_weight = weights_.detail / client.lost;
  const cpu::MixFactors factors{static_cast<float>(2 * error_weight / n),
                        static_cast<float>(2 * weights_.ringing / client.error / n),
                        static_cast<float>(detail_weight)};
  std::vector<double> rows(static_cast<size_t>(y_.height));
  pool_.run(y_.height, [&](int y) {
    const auto offset = static_cast<ptrdiff_t>(y) * y_.width;
    rows[static_cast<size_t>(y)] = cpu::mix_row(
        shown.row(y), {y_.row(y), low_.data() + offset, high_.data() + offset, shown_range_},
        factors, y_.width, slope.row(y));
  });
  double squares = 0;
  for (const double row : rows) squares += row;
  return squares / 2 + detail_weight * lost;
}

double MixedObjective::value_and_gradient(descent::Variables x, descent::Result gradient) {
  return evaluate(x, gradient, true);
}

double MixedObjective::value(descent::Variables x) {
  std::vector<float> unused(x.size());
  return evaluate(x, unused, false);
}

double MixedObjective::evaluate(descent::Variables x, descent::Result gradient,
                                bool differentiate) {
  const double share = 1 / static_cast<double>(clients_.size());
  std::fill(gradient.begin(), gradient.end(), 0.0F);
  double value = 0;
  for (Client &client : clients_) {
    client.luma->show(x.data(), shown_.data());
    value += share * compare(client);
    if (!differentiate) continue;
    client.luma->pull(slope_.data(), pulled_.data());
    cpu::axpy(static_cast<float>(share), {pulled_.data(), x.size()}, gradient, pool_);
  }
  if (!can_gain_ && differentiate) {  // a flat frame, say: rounding errors are no direction
    std::fill(gradient.begin(), gradient.end(), 0.0F);
    return value;
  }
  if (start_error_ == 0) {
    for (const Client &client : clients_) start_error_ += share * client.error;
  }
  const descent::Result move(pulled_.data(), x.size());
  cpu::subtract(x, {x0_.data, x.size()}, move, pool_);
  const double pull = weights_.proximity / start_error_ / static_cast<double>(x.size());
  value += pull * cpu::dot(move, move, pool_);
  cpu::axpy(static_cast<float>(2 * pull), move, gradient, pool_);
  if (weights_.rate == 0) return value;
  const Plane slope{gradient.data(), x0_.width, x0_.height};
  return value + weights_.rate * cpu::block_cost({x.data(), x0_.width, x0_.height},
                                                  static_cast<float>(weights_.rate), slope, pool_);
}

void MixedObjective::clip(descent::Result x) const {
  if (clip_to_range(lr_format_, 1, x.data(), pool_)) clipped_ = true;
}

}  // namespace hcd::session
