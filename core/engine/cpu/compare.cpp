// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/cpu/vector.h"

namespace hcd::cpu {
namespace {

HCD_MULTIARCH double row_error(const float *shown, const float *truth, float scale, float top,
                               int n) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding and taking it away rounds
  float sums[kLanes] = {};
  int x = 0;
  for (; x + kLanes <= n; x += kLanes) {
    for (int l = 0; l < kLanes; ++l) {
      const float code = (shown[x + l] * scale + kRound) - kRound;
      const float error = std::min(std::max(code, 0.0F), top) - truth[x + l] * scale;
      sums[l] += error * error;
    }
  }
  double sum = 0;
  for (const float s : sums) sum += static_cast<double>(s);
  for (; x < n; ++x) {
    const float code = (shown[x] * scale + kRound) - kRound;
    const float error = std::min(std::max(code, 0.0F), top) - truth[x] * scale;
    sum += static_cast<double>(error * error);
  }
  return sum;
}

}  // namespace

double shown_plane_error(const hcd_format &format, ConstPlane shown, ConstPlane truth,
                         int width, int height, ThreadPool &pool) {
  const auto scale = static_cast<float>(1 << (format.depth - 8));
  const auto top = static_cast<float>((1 << format.depth) - 1);
  std::vector<double> rows(static_cast<size_t>(height));
  pool.run(height, [&](int y) {
    rows[static_cast<size_t>(y)] = row_error(shown.row(y), truth.row(y), scale, top, width);
  });
  double sum = 0;
  for (const double row : rows) sum += row;
  const double samples = static_cast<double>(width) * height;
  return sum / samples / static_cast<double>(scale) / static_cast<double>(scale);
}

double psnr(const hcd_format &format, double mean_squared_error) {
  const double peak = static_cast<double>((1 << format.depth) - 1) / (1 << (format.depth - 8));
  if (mean_squared_error == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(peak * peak / mean_squared_error);
}

}  // namespace hcd::cpu
