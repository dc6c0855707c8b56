// SPDX-License-Identifier: BSD-2-Clause
// Arithmetic on single numbers in the device's memory (base/number.h), so that the host need not
// wait for a sum before it can queue what depends on it.
#pragma once

#include "base/host_device.h"
#include "engine/cuda/kernels/kernel.h"

namespace hcd::cuda {

// A kernel's parameter that may have to be read: `place`, or `constant` where that is nullptr.
struct DeviceNumber {
  double constant;
  const double *place;

  HCD_HOST_DEVICE double get() const { return place ? *place : constant; }
};

// *to = op(a, b), with the numbers of NumberOp.
struct NumberStep {
  int32_t op;
  DeviceNumber a, b;
  double *to;
};
// In order: a step may read what one before it has written.
inline constexpr int kNumberSteps = 32;
struct NumberSteps {
  int32_t n;
  NumberStep steps[kNumberSteps];
};

}  // namespace hcd::cuda

// One thread.
HCD_KERNEL hcd_numbers(const hcd::cuda::NumberSteps numbers);

#define HCD_NUMBER_KERNELS(X) X(hcd_numbers)
