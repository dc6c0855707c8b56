// SPDX-License-Identifier: BSD-2-Clause
// Contrast sensitivity of the wavelet's bands, as ADM weighs them: Watson, Yang, Solomon,
// Villasenor, "Visibility of Wavelet Quantization Noise", IEEE TIP 6(8), 1997, table V.
#pragma once

#include <cmath>

namespace hcd {

// How visible a band is: one over Watson's quantisation step at three picture heights from a
// picture of 1080 lines. `level`: 0 (finest) to 3; `band`: differences along x (0), y (1) or both
// (2).
inline double visibility(int level, int band) {
  constexpr double kA = 0.495, kK = 0.466, kF0 = 0.401;
  constexpr double kOrientation[2] = {1.0, 0.534};  // along an axis, diagonal
  constexpr double kAmplitude[4][2] = {
      {0.67234, 0.72709}, {0.41317, 0.49428}, {0.22727, 0.28688}, {0.11792, 0.15214}};
  const int diagonal = band == 2;
  const double pixels_per_degree = 3 * 1080 * M_PI / 180;
  const double f =
      std::log10(std::exp2(level + 1) * kF0 * kOrientation[diagonal] / pixels_per_degree);
  return kAmplitude[level][diagonal] / (2 * kA * std::pow(10.0, kK * f * f));
}

}  // namespace hcd
