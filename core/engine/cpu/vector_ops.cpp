// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/vector_ops.h"

#include <algorithm>
#include <vector>

#include "engine/cpu/vector.h"

namespace hcd::cpu {
namespace {

constexpr size_t kPiece = 16384;

template <typename Work>
void for_pieces(size_t n, ThreadPool &pool, const Work &work) {
  pool.run(static_cast<int>((n + kPiece - 1) / kPiece), [&](int piece) {
    const size_t first = static_cast<size_t>(piece) * kPiece;
    work(piece, first, std::min(kPiece, n - first));
  });
}

HCD_MULTIARCH double dot_piece(const float *a, const float *b, size_t n) {
  Vec sum0 = {}, sum1 = {};
  size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    Vec a0, a1, b0, b1;
    load(a0, a + i);
    load(b0, b + i);
    load(a1, a + i + kLanes);
    load(b1, b + i + kLanes);
    sum0 += a0 * b0;
    sum1 += a1 * b1;
  }
  double sum = sum_lanes(sum0) + sum_lanes(sum1);
  for (; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}
HCD_MULTIARCH void axpy_piece(float a, const float *x, float *y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] += a * x[i];
}
HCD_MULTIARCH void xpby_piece(const float *x, float b, float *y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = x[i] + b * y[i];
}
HCD_MULTIARCH void add_piece(const float *x, float sign, const float *y, float *z, size_t n) {
  for (size_t i = 0; i < n; ++i) z[i] = x[i] + sign * y[i];
}

}  // namespace

double dot(std::span<const float> a, std::span<const float> b, ThreadPool &pool) {
  std::vector<double> sums((a.size() + kPiece - 1) / kPiece);
  for_pieces(a.size(), pool, [&](int piece, size_t first, size_t n) {
    sums[static_cast<size_t>(piece)] = dot_piece(&a[first], &b[first], n);
  });
  double sum = 0;
  for (const double s : sums) sum += s;
  return sum;
}

void axpy(float a, std::span<const float> x, std::span<float> y, ThreadPool &pool) {
  for_pieces(x.size(), pool,
             [&](int, size_t first, size_t n) { axpy_piece(a, &x[first], &y[first], n); });
}

void xpby(std::span<const float> x, float b, std::span<float> y, ThreadPool &pool) {
  for_pieces(x.size(), pool,
             [&](int, size_t first, size_t n) { xpby_piece(&x[first], b, &y[first], n); });
}

void add(std::span<const float> x, std::span<const float> y, std::span<float> z, ThreadPool &pool) {
  for_pieces(x.size(), pool, [&](int, size_t first, size_t n) {
    add_piece(&x[first], 1, &y[first], &z[first], n);
  });
}

void subtract(std::span<const float> x, std::span<const float> y, std::span<float> z,
              ThreadPool &pool) {
  for_pieces(x.size(), pool, [&](int, size_t first, size_t n) {
    add_piece(&x[first], -1, &y[first], &z[first], n);
  });
}

void scale(float a, std::span<float> x, ThreadPool &pool) {
  for_pieces(x.size(), pool, [&](int, size_t first, size_t n) {
    for (size_t i = first; i < first + n; ++i) x[i] *= a;
  });
}

}  // namespace hcd::cpu
