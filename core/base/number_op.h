// SPDX-License-Identifier: BSD-2-Clause
// What can be done with two numbers (base/number.h).
#pragma once

#include <cmath>

#include "base/host_device.h"

namespace hcd {

enum class NumberOp { kAdd, kSubtract, kMultiply, kDivide, kMax, kMin, kSqrt, kExceeds };

// kSqrt: of `a`. kExceeds: 1 where a > b, else 0.
HCD_HOST_DEVICE inline double compute(NumberOp op, double a, double b) {
  switch (op) {
    case NumberOp::kAdd:
      return a + b;
    case NumberOp::kSubtract:
      return a - b;
    case NumberOp::kMultiply:
      return a * b;
    case NumberOp::kDivide:
      return a / b;
    case NumberOp::kMax:
      return a < b ? b : a;
    case NumberOp::kMin:
      return b < a ? b : a;
    case NumberOp::kSqrt:
      return sqrt(a);
    case NumberOp::kExceeds:
      return a > b ? 1 : 0;
  }
  return 0;
}

}  // namespace hcd
