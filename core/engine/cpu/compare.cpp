// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/compare.h"

#include <cmath>
#include <limits>
#include <vector>

#include "engine/cpu/row_ops.h"

namespace hcd::cpu {
double shown_plane_error(const hcd_format &format, ConstPlane shown, ConstPlane truth, int width,
                         int height, ThreadPool &pool) {
  const auto scale = static_cast<float>(1 << (format.depth - 8));
  const auto top = static_cast<float>((1 << format.depth) - 1);
  std::vector<double> rows(static_cast<size_t>(height));
  pool.run(height, [&](int y) {
    rows[static_cast<size_t>(y)] = shown_row_error(shown.row(y), truth.row(y), scale, top, width);
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
