// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/resample_rows.h"

#include <algorithm>

#include "engine/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/resample_rows.cpp"
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

// As many groups at a time as hide the latency of the sums.
template <typename Work>
HWY_INLINE void for_groups(int lanes, const Work &work) {
  int l = 0;
  for (; l + 4 * kLanes <= lanes; l += 4 * kLanes) work.template run<4>(Whole{l});
  for (; l + 2 * kLanes <= lanes; l += 2 * kLanes) work.template run<2>(Whole{l});
  for (; l + kLanes <= lanes; l += kLanes) work.template run<1>(Whole{l});
  if (l < lanes) work.template run<1>(Part{l, lanes - l});
}

void resample_rows(const image::Axis &axis, int first, int last, const float *in,
                   ptrdiff_t in_stride, float *out, ptrdiff_t out_stride, int lanes) {
  for (int i = first; i < last; ++i) {
    for_groups(lanes,
               Weigh{axis.row(i), axis.taps, in + axis.start[static_cast<size_t>(i)] * in_stride,
                     in_stride, out + (i - first) * out_stride});
  }
}

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

HWY_EXPORT(resample_rows);
void resample_rows(const image::Axis &axis, int first, int last, const float *in,
                   ptrdiff_t in_stride, float *out, ptrdiff_t out_stride, int lanes) {
  HWY_DYNAMIC_DISPATCH(resample_rows)(axis, first, last, in, in_stride, out, out_stride, lanes);
}

HWY_EXPORT(solve_columns);
void solve_columns(const image::BandedSolver &solver, float *x, ptrdiff_t stride, int lanes) {
  HWY_DYNAMIC_DISPATCH(solve_columns)(solver, x, stride, lanes);
}

}  // namespace hcd::cpu
#endif
