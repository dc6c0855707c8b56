// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/vector_ops.h"

#include <algorithm>
#include <vector>

#include "engine/cpu/row_ops.h"

namespace hcd::cpu {
namespace {

constexpr size_t kPiece = 16384;

template <typename Work>
void for_pieces(size_t n, ThreadPool &pool, const Work &work) {
  pool.run(static_cast<int>((n + kPiece - 1) / kPiece), [&](int piece) {
    const size_t first = static_cast<size_t>(piece) * kPiece;
    work(piece, first, static_cast<int>(std::min(kPiece, n - first)));
  });
}

}  // namespace

double dot(std::span<const float> a, std::span<const float> b, ThreadPool &pool) {
  std::vector<double> sums((a.size() + kPiece - 1) / kPiece);
  for_pieces(a.size(), pool, [&](int piece, size_t first, int n) {
    sums[static_cast<size_t>(piece)] = dot_row(&a[first], &b[first], n);
  });
  double sum = 0;
  for (const double s : sums) sum += s;
  return sum;
}

void axpy(float a, std::span<const float> x, std::span<float> y, ThreadPool &pool) {
  for_pieces(x.size(), pool,
             [&](int, size_t first, int n) { axpy_row(a, &x[first], &y[first], n); });
}

void xpby(std::span<const float> x, float b, std::span<float> y, ThreadPool &pool) {
  for_pieces(x.size(), pool,
             [&](int, size_t first, int n) { xpby_row(&x[first], b, &y[first], n); });
}

void subtract(std::span<const float> x, std::span<const float> y, std::span<float> z,
              ThreadPool &pool) {
  for_pieces(x.size(), pool,
             [&](int, size_t first, int n) { subtract_row(&x[first], &y[first], &z[first], n); });
}

void scale(float a, std::span<float> x, ThreadPool &pool) {
  for_pieces(x.size(), pool, [&](int, size_t first, int n) {
    for (float &value : x.subspan(first, static_cast<size_t>(n))) value *= a;
  });
}

}  // namespace hcd::cpu
