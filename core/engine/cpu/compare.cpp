// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/compare.h"

#include <algorithm>
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

// Of each sample's neighbourhood: three samples of a row, or of three rows.
HCD_MULTIARCH void range_of_rows(const float *a, const float *b, const float *c, int n, float *low,
                                 float *high) {
  for (int x = 0; x < n; ++x) {
    low[x] = std::min(std::min(a[x], b[x]), c[x]);
    high[x] = std::max(std::max(a[x], b[x]), c[x]);
  }
}

// What a row is compared with.
struct Truth {
  const float *y, *low, *high;
  image::Range shown;  // at its ends and beyond the row has been clipped
};
// slope = error (shown - y) + excess (amount outside the range) + detail slope, 0 where the row has
// been clipped. Returns the sum of error (shown - y)^2 + excess (amount)^2.
HCD_MULTIARCH double mix_row(const float *shown, const Truth &truth, const MixWeights &factors, int n,
                             float *slope) {
  const float *y = truth.y, *low = truth.low, *high = truth.high;
  const MixWeights f = factors;
  const image::Range range = truth.shown;
  return sum_in_lanes(
      n, [&](int x) __attribute__((always_inline)) {
        const float error = shown[x] - y[x];
        const float excess = shown[x] - std::min(std::max(shown[x], low[x]), high[x]);
        const float mixed = f.error * error + f.excess * excess + f.detail * slope[x];
        slope[x] = shown[x] > range.low && shown[x] < range.high ? mixed : 0.0F;
        return f.error * error * error + f.excess * excess * excess;
      });
}

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
    return row_error(shown.row(y), truth.row(y), scale, top, truth.width);
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
