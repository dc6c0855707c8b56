// SPDX-License-Identifier: BSD-2-Clause
// Numbers that are made of many samples, and the arithmetic on them.
#pragma once

#include <memory>
#include <utility>

#include "base/number_op.h"

namespace hcd {

class Number;

// A number that work which is only queued will give. Engines with such work derive from it.
class QueuedNumber {
 public:
  virtual ~QueuedNumber() = default;
  // Waits for it.
  virtual double value() = 0;
  // `op` of two numbers of which at least one is queued where this one is.
  virtual Number combine(NumberOp op, const Number &a, const Number &b) = 0;
};

// A sum that an engine takes, say, and what is computed from it: a double that need not be there
// yet. On the host's CPU it always is; on a GPU it stays in the GPU's memory, and nobody waits for
// it but value().
class Number {
 public:
  Number(double value = 0) : value_(value) {}
  explicit Number(std::shared_ptr<QueuedNumber> queued) : queued_(std::move(queued)) {}

  bool queued() const { return queued_ != nullptr; }
  const std::shared_ptr<QueuedNumber> &source() const { return queued_; }
  // Waits for it where it is queued.
  double value() const { return queued_ ? queued_->value() : value_; }
  // Whether it is there and is zero. A queued one is not, whatever it will be.
  bool known_zero() const { return !queued_ && value_ == 0; }

 private:
  double value_ = 0;
  std::shared_ptr<QueuedNumber> queued_;
};

// Waits for it where it is queued.
inline float as_float(const Number &a) { return static_cast<float>(a.value()); }

inline Number combine(NumberOp op, const Number &a, const Number &b) {
  if (a.queued()) return a.source()->combine(op, a, b);
  if (b.queued()) return b.source()->combine(op, a, b);
  return compute(op, a.value(), b.value());
}
inline Number operator+(const Number &a, const Number &b) { return combine(NumberOp::kAdd, a, b); }
inline Number operator-(const Number &a, const Number &b) {
  return combine(NumberOp::kSubtract, a, b);
}
inline Number operator*(const Number &a, const Number &b) {
  return combine(NumberOp::kMultiply, a, b);
}
inline Number operator/(const Number &a, const Number &b) {
  return combine(NumberOp::kDivide, a, b);
}
inline Number operator-(const Number &a) { return 0 - a; }
inline Number max(const Number &a, const Number &b) { return combine(NumberOp::kMax, a, b); }
inline Number min(const Number &a, const Number &b) { return combine(NumberOp::kMin, a, b); }
inline Number sqrt(const Number &a) { return combine(NumberOp::kSqrt, a, 0); }
// 1 where a > b, else 0: there is no branch on a number that is not there.
inline Number exceeds(const Number &a, const Number &b) {
  return combine(NumberOp::kExceeds, a, b);
}

}  // namespace hcd
