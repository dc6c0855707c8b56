// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/block_cost.h"

#include <cmath>
#include <vector>

#include "engine/cpu/loss_rows.h"

namespace hcd::cpu {
namespace {

constexpr int kSide = 8;
constexpr float kStep = 16;  // of the quantiser that is thought of

// The orthonormal cosine transform: rows are frequencies.
BlockMatrix cosines() {
  BlockMatrix m;
  for (int k = 0; k < kSide; ++k) {
    for (int n = 0; n < kSide; ++n) {
      const double size = k == 0 ? std::sqrt(1.0 / kSide) : std::sqrt(2.0 / kSide);
      m[static_cast<size_t>(k)][static_cast<size_t>(n)] =
          static_cast<float>(size * std::cos(M_PI * (2 * n + 1) * k / (2 * kSide)));
    }
  }
  return m;
}

BlockMatrix transposed(const BlockMatrix &m) {
  BlockMatrix t;
  for (size_t i = 0; i < kSide; ++i) {
    for (size_t j = 0; j < kSide; ++j) t[i][j] = m[j][i];
  }
  return t;
}

}  // namespace

double block_cost(ConstPlane plane, float weight, Plane gradient, ThreadPool &pool) {
  static const BlockMatrix forward = cosines(), backward = transposed(forward);
  const int across = plane.width / kSide, down = plane.height / kSide;
  if (across == 0 || down == 0) return 0;
  const double n = static_cast<double>(across) * down * kSide * kSide;
  const double factor = 2 / (kStep * M_LN2 * n) * static_cast<double>(weight);
  std::vector<double> costs(static_cast<size_t>(down));
  pool.run(down, [&](int i) {
    costs[static_cast<size_t>(i)] =
        cost_of_blocks(forward, backward, kStep, plane.row(i * kSide), plane.stride, across,
                       static_cast<float>(factor), gradient.row(i * kSide), gradient.stride);
  });
  double cost = 0;
  for (const double c : costs) cost += c;
  return cost / (M_LN2 * n);
}

}  // namespace hcd::cpu
