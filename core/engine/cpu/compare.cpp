// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/compare.h"

#include <algorithm>
#include <vector>

#include "engine/cpu/row_ops.h"

namespace hcd::cpu {
namespace {

// The sum of row(y), in order.
template <typename Row>
double sum_of_rows(int height, ThreadPool &pool, const Row &row) {
  std::vector<double> rows(static_cast<size_t>(height));
  pool.run(height, [&](int y) { rows[static_cast<size_t>(y)] = row(y); });
  double sum = 0;
  for (const double value : rows) sum += value;
  return sum;
}

}  // namespace

double shown_plane_error(int depth, ConstPlane shown, ConstPlane truth, ThreadPool &pool) {
  const auto scale = static_cast<float>(1 << (depth - 8));
  const auto top = static_cast<float>((1 << depth) - 1);
  const double sum = sum_of_rows(truth.height, pool, [&](int y) {
    return shown_row_error(shown.row(y), truth.row(y), scale, top, truth.width);
  });
  return sum / static_cast<double>(truth.size()) / static_cast<double>(scale) /
         static_cast<double>(scale);
}

void neighbourhood(ConstPlane plane, Plane low, Plane high, ThreadPool &pool) {
  pool.run(plane.height, [&](int y) {
    const auto n = static_cast<size_t>(plane.width);
    std::vector<float> lows(n + 2), highs(n + 2);
    range_of_rows(plane.row(std::max(y - 1, 0)), plane.row(y),
                  plane.row(std::min(y + 1, plane.height - 1)), plane.width, lows.data() + 1,
                  highs.data() + 1);
    for (std::vector<float> *row : {&lows, &highs}) {
      row->front() = (*row)[1];
      row->back() = (*row)[n];
    }
    std::vector<float> unused(n);
    range_of_rows(lows.data(), lows.data() + 1, lows.data() + 2, plane.width, low.row(y),
                  unused.data());
    range_of_rows(highs.data(), highs.data() + 1, highs.data() + 2, plane.width, unused.data(),
                  high.row(y));
  });
}

double mix_slope(ConstPlane shown, ConstPlane y, ConstPlane low, ConstPlane high,
                 const image::Range &range, const MixWeights &weights, Plane slope,
                 ThreadPool &pool) {
  return sum_of_rows(shown.height, pool, [&](int i) {
    return mix_row(shown.row(i), {y.row(i), low.row(i), high.row(i), range}, weights, shown.width,
                   slope.row(i));
  });
}

}  // namespace hcd::cpu
