// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/block_cost.h"

#include <array>
#include <cmath>
#include <vector>

#include "engine/cpu/vector.h"

namespace hcd::cpu {
namespace {

constexpr int kSide = kLanes;  // a row of a block is a vector
constexpr float kStep = 16;    // of the quantiser that is thought of

using Matrix = std::array<std::array<float, kSide>, kSide>;

// The orthonormal cosine transform: rows are frequencies.
Matrix cosines() {
  Matrix m;
  for (int k = 0; k < kSide; ++k) {
    for (int n = 0; n < kSide; ++n) {
      const double size = k == 0 ? std::sqrt(1.0 / kSide) : std::sqrt(2.0 / kSide);
      m[static_cast<size_t>(k)][static_cast<size_t>(n)] =
          static_cast<float>(size * std::cos(M_PI * (2 * n + 1) * k / (2 * kSide)));
    }
  }
  return m;
}

Matrix transposed(const Matrix &m) {
  Matrix t;
  for (size_t i = 0; i < kSide; ++i) {
    for (size_t j = 0; j < kSide; ++j) t[i][j] = m[j][i];
  }
  return t;
}

// out = a in^T, in place of a transform along columns and a turn.
[[gnu::always_inline]] inline void transform(const Matrix &a, const Matrix &in, Matrix &out) {
  Vec rows[kSide];
  for (int i = 0; i < kSide; ++i) load(rows[i], in[static_cast<size_t>(i)].data());
  for (int k = 0; k < kSide; ++k) {
    Vec sum = {};
    for (int n = 0; n < kSide; ++n) {
      sum += a[static_cast<size_t>(k)][static_cast<size_t>(n)] * rows[n];
    }
    for (int i = 0; i < kSide; ++i) out[static_cast<size_t>(i)][static_cast<size_t>(k)] = sum[i];
  }
}

// A row of blocks. Coefficients -> derivatives of their cost; returns the cost, in natural units.
HCD_MULTIARCH double row_of_blocks(const Matrix &forward, const Matrix &backward, const float *in,
                                   ptrdiff_t stride, int blocks, float factor, float *gradient,
                                   ptrdiff_t gradient_stride) {
  double cost = 0;
  Matrix block, turned;
  for (int b = 0; b < blocks; ++b) {
    const float *from = in + b * kSide;
    for (int i = 0; i < kSide; ++i) {
      Vec row;
      load(row, from + i * stride);
      store(block[static_cast<size_t>(i)].data(), row);
    }
    transform(forward, block, turned);
    transform(forward, turned, block);
    block[0][0] = 0;
    for (auto &row : block) {
      float product = 1;  // one logarithm for a row
      for (float &d : row) {
        const float scaled = d * (1 / kStep), more = 1 + scaled * scaled;
        product *= more;
        d = factor * scaled / more;
      }
      cost += std::log(static_cast<double>(product));
    }
    transform(backward, block, turned);
    transform(backward, turned, block);
    float *to = gradient + b * kSide;
    for (int i = 0; i < kSide; ++i) {
      Vec row, sum;
      load(row, block[static_cast<size_t>(i)].data());
      load(sum, to + i * gradient_stride);
      sum += row;
      store(to + i * gradient_stride, sum);
    }
  }
  return cost;
}

}  // namespace

double block_cost(ConstPlane plane, float weight, Plane gradient, ThreadPool &pool) {
  static const Matrix forward = cosines(), backward = transposed(forward);
  const int across = plane.width / kSide, down = plane.height / kSide;
  if (across == 0 || down == 0) return 0;
  const double n = static_cast<double>(across) * down * kSide * kSide;
  const double factor = 2 / (kStep * M_LN2 * n) * static_cast<double>(weight);
  std::vector<double> costs(static_cast<size_t>(down));
  pool.run(down, [&](int i) {
    costs[static_cast<size_t>(i)] =
        row_of_blocks(forward, backward, plane.row(i * kSide), plane.stride, across,
                      static_cast<float>(factor), gradient.row(i * kSide), gradient.stride);
  });
  double cost = 0;
  for (const double c : costs) cost += c;
  return cost / (M_LN2 * n);
}

}  // namespace hcd::cpu
