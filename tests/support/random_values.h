// SPDX-License-Identifier: BSD-2-Clause
// Pictures for tests, the same in every run.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace hcd::test {

// Uniform in [0, 255].
inline std::vector<float> random_values(size_t n, uint64_t seed) {
  const Random random(seed);
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = static_cast<float>(255 * random.uniform(i));
  return values;
}

// Sum of the products, in double.
inline double dot(const std::vector<float> &a, const std::vector<float> &b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// A plane with edges, gradients and a little noise, inside [30, 220]: what resamplers meet.
inline float natural(int x, int y, const Random &random, int width) {
  const double edge = std::sin(x * 0.31 + y * 0.17) > 0.2 ? 60 : 0;
  const double wave = 50 * std::sin(x * 0.05) * std::cos(y * 0.07);
  const double noise = 6 * random.uniform(static_cast<uint64_t>(y) * static_cast<uint64_t>(width) +
                                          static_cast<uint64_t>(x));
  return static_cast<float>(100 + edge + wave + noise);
}

}  // namespace hcd::test
