// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/resample.h"

#include <algorithm>

#include "base/buffer.h"
#include "engine/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/resample.cpp"
#include <hwy/foreach_target.h>

#include "engine/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hcd::cpu::HWY_NAMESPACE {

// out[l] = sum over taps of weights[t] * in[t * stride + l], for `Count` groups of lanes at a time.
struct Weigh {
  const float *weights;
  int taps;
  const float *in;
  ptrdiff_t stride;
  float *out;

  template <int Count, typename At>
  HWY_INLINE void run(At at) const {
    Lanes sums[Count];
    unroll<Count>([&](auto k) HCD_INLINE { sums[k] = zeros(); });
    const float *row = in;
    for (int t = 0; t < taps; ++t, row += stride) {
      const Lanes weight = set(weights[t]);
      unroll<Count>([&](auto k) HCD_INLINE {
        sums[k] = mul_add(weight, at.load(row + k * kLanes), sums[k]);
      });
    }
    unroll<Count>([&](auto k) HCD_INLINE { at.store(sums[k], out + k * kLanes); });
  }
};

// x[l] -= sum over j of factors[j] * rows[j * step + l].
struct Eliminate {
  const float *factors;
  int n;
  const float *rows;
  ptrdiff_t step;
  float *x;

  template <int Count, typename At>
  HWY_INLINE void run(At at) const {
    Lanes sums[Count];
    unroll<Count>([&](auto k) HCD_INLINE { sums[k] = at.load(x + k * kLanes); });
    const float *row = rows;
    for (int j = 0; j < n; ++j, row += step) {
      const Lanes factor = set(factors[j]);
      unroll<Count>([&](auto k) HCD_INLINE {
        sums[k] = neg_mul_add(factor, at.load(row + k * kLanes), sums[k]);
      });
    }
    unroll<Count>([&](auto k) HCD_INLINE { at.store(sums[k], x + k * kLanes); });
  }
};

// Both directions use the same sweeps over `lanes` neighbouring columns: down a plane they are
// columns of the plane; along its rows they are the rows of a strip, turned on their side.

// Rows [first, last) of axis * in.
void resample_rows(const image::Axis &axis, int first, int last, const float *in,
                   ptrdiff_t in_stride, float *out, ptrdiff_t out_stride, int lanes) {
  for (int i = first; i < last; ++i) {
    for_groups(lanes,
               Weigh{axis.row(i), axis.taps, in + axis.start[static_cast<size_t>(i)] * in_stride,
                     in_stride, out + (i - first) * out_stride});
  }
}

// L z = b, D w = z, L^T x = w, in place on `solver.n` rows.
void solve_columns(const image::BandedSolver &solver, float *x, ptrdiff_t stride, int lanes) {
  const int band = solver.band;
  for (int i = 0; i < solver.n; ++i) {
    const int n = std::min(i, band);
    for_groups(lanes, Eliminate{solver.lower.data() + static_cast<size_t>(i) * band + (band - n), n,
                                x + (i - n) * stride, stride, x + i * stride});
  }
  float factors[64];
  for (int i = solver.n - 1; i >= 0; --i) {
    float *row = x + i * stride;
    const Lanes scale = set(solver.inverse_diag[static_cast<size_t>(i)]);
    for_lanes(lanes, [&](auto at) HCD_INLINE { at.store(scale * at.load(row), row); });
    const int n = std::min(solver.n - 1 - i, band);
    for (int j = 0; j < n; ++j) {
      factors[j] = solver.lower[static_cast<size_t>(i + 1 + j) * band + (band - 1 - j)];
    }
    for_groups(lanes, Eliminate{factors, n, row + stride, stride, row});
  }
}

}  // namespace hcd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hcd::cpu {
namespace {

HWY_EXPORT(resample_rows);
HWY_EXPORT(solve_columns);

constexpr int kStrip = 16;     // rows of a strip
constexpr int kColumns = 256;  // columns of a vertical piece of work: its rows stay in the cache
constexpr int kRows = 64;      // rows of a vertical piece of work of resampling

// out[x][r] = in[first + r][x] for `rows` <= kStrip rows; the other lanes are zero.
void to_strip(ConstPlane in, int first, int rows, float *out) {
  const float *top = in.row(first);
  for (int x = 0; x < in.width; ++x, out += kStrip) {
    int r = 0;
    for (; r < rows; ++r) out[r] = top[r * in.stride + x];
    for (; r < kStrip; ++r) out[r] = 0;
  }
}

void from_strip(const float *in, int first, int rows, Plane out) {
  float *top = out.row(first);
  for (int x = 0; x < out.width; ++x, in += kStrip) {
    for (int r = 0; r < rows; ++r) top[r * out.stride + x] = in[r];
  }
}

void apply_vertical(const image::Axis &axis, ConstPlane in, Plane out, ThreadPool &pool) {
  const int pieces = (axis.out + kRows - 1) / kRows;
  pool.run(pieces, [&](int piece) {
    const int first = piece * kRows, last = std::min(axis.out, first + kRows);
    for (int x = 0; x < in.width; x += kColumns) {
      HWY_DYNAMIC_DISPATCH(resample_rows)
      (axis, first, last, in.data + x, in.stride, out.row(first) + x, out.stride,
       std::min(kColumns, in.width - x));
    }
  });
}

void apply_horizontal(const image::Axis &axis, ConstPlane in, Plane out, ThreadPool &pool) {
  const int strips = (in.height + kStrip - 1) / kStrip;
  pool.run(strips, [&](int strip) {
    const int first = strip * kStrip, rows = std::min(kStrip, in.height - first);
    Buffer source(static_cast<size_t>(axis.in) * kStrip),
        result(static_cast<size_t>(axis.out) * kStrip);
    to_strip(in, first, rows, source.data());
    HWY_DYNAMIC_DISPATCH(resample_rows)
    (axis, 0, axis.out, source.data(), kStrip, result.data(), kStrip, kStrip);
    from_strip(result.data(), first, rows, out);
  });
}

}  // namespace

void apply(const image::Separable &op, ConstPlane in, Plane out, ThreadPool &pool) {
  // The direction that leaves less work for the other goes first.
  if (op.out_height() <= op.in_height()) {
    Buffer buffer(static_cast<size_t>(op.in_width()) * op.out_height());
    const Plane middle{buffer.data(), op.in_width(), op.out_height()};
    apply_vertical(op.vertical, in, middle, pool);
    apply_horizontal(op.horizontal, middle, out, pool);
  } else {
    Buffer buffer(static_cast<size_t>(op.out_width()) * op.in_height());
    const Plane middle{buffer.data(), op.out_width(), op.in_height()};
    apply_horizontal(op.horizontal, in, middle, pool);
    apply_vertical(op.vertical, middle, out, pool);
  }
}

void apply(const image::Inverse &inverse, ConstPlane y, Plane x, ThreadPool &pool) {
  apply(inverse.pull, y, x, pool);
  pool.run((x.width + kColumns - 1) / kColumns, [&](int piece) {
    const int first = piece * kColumns;
    HWY_DYNAMIC_DISPATCH(solve_columns)
    (inverse.vertical, x.data + first, x.stride, std::min(kColumns, x.width - first));
  });
  pool.run((x.height + kStrip - 1) / kStrip, [&](int strip) {
    const int first = strip * kStrip, rows = std::min(kStrip, x.height - first);
    Buffer buffer(static_cast<size_t>(x.width) * kStrip);
    to_strip(x, first, rows, buffer.data());
    HWY_DYNAMIC_DISPATCH(solve_columns)(inverse.horizontal, buffer.data(), kStrip, kStrip);
    from_strip(buffer.data(), first, rows, x);
  });
}

}  // namespace hcd::cpu
#endif
