// SPDX-License-Identifier: BSD-2-Clause
#include "client/light/scene.h"

#include <cmath>

#include "base/random.h"

namespace hcd::client {

std::vector<float> make_scene() {
  const Random random(1);
  constexpr int kHalf = kSceneSide / 2;
  std::vector<float> values;
  for (int y = 0; y < kSceneSide; ++y) {
    for (int x = 0; x < kSceneSide; ++x) {
      const double u = static_cast<double>(x % kHalf) / kHalf;
      const double v = static_cast<double>(y % kHalf) / kHalf;
      const double noise = random.uniform(values.size());
      double luma = 0;
      if (x < kHalf && y < kHalf) {  // rings, ever finer
        luma = 128 + 100 * std::cos(75 * (u * u + v * v));
      } else if (y < kHalf) {  // slanted bars on ramps, full contrast
        luma = std::sin(24 * (u + 0.37 * v)) > 0.3 ? 255 * u : 255 * (1 - v);
      } else if (x < kHalf) {  // soft noise and lines
        const bool line = std::abs(std::fmod(9 * u + 4 * v, 1.0) - 0.5) < 0.1;
        luma = line ? 20 : 150 + 30 * std::sin(17 * u) + 25 * (noise - 0.5);
      } else {  // the extremes
        luma = noise < 0.5 ? 0 : 255;
      }
      values.push_back(static_cast<float>(luma));
    }
  }
  return values;
}

double precision_loss(const std::vector<float> &shown, const std::vector<float> &other) {
  constexpr double kGood = 10.3;  // squared error at 38 dB
  double sum = 0;
  for (size_t i = 0; i < shown.size(); ++i) {
    const double difference = static_cast<double>(shown[i]) - static_cast<double>(other[i]);
    sum += difference * difference;
  }
  return 10 * std::log10(1 + sum / static_cast<double>(shown.size()) / kGood);
}

}  // namespace hcd::client
