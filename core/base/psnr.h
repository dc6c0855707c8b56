// SPDX-License-Identifier: BSD-2-Clause
// Decibels of an error.
#pragma once

#include <cmath>
#include <limits>

namespace hcd {

// Peak signal-to-noise ratio in dB of a mean squared error; infinity where it is 0.
inline double psnr(double mean_squared_error, double peak) {
  if (mean_squared_error == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(peak * peak / mean_squared_error);
}

}  // namespace hcd
