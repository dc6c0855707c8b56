// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/resample.h"

#include <algorithm>

#include "base/buffer.h"
#include "engine/cpu/targets.h"

#ifndef HCD_ENGINE_CPU_REPEAT
#define HCD_ENGINE_CPU_REPEAT
namespace hcd::cpu {

// Where the rows of an axis repeat: row i + period has the weights of row i, `step` columns further
// right, for rows in [first, end). No period where the pattern is none that along() knows.
struct Repeat {
  int period = 0, step = 0, first = 0, end = 0;
};

}  // namespace hcd::cpu
#endif

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

// Outputs [first + Period g, ...) of the pattern, for eight g at a time. Samples are read one after
// another (step 1), or every Step-th of them.
template <int Period, int Step>
HWY_INLINE void along_groups(const image::Axis &axis, int first, int g, const float *in,
                             float *out) {
  Lanes sums[Period];
  for (int k = 0; k < Period; ++k) {
    const float *weights = axis.row(first + k);
    const float *from = in + axis.start[static_cast<size_t>(first + k)] + g * Step;
    sums[k] = zeros();
    if constexpr (Step == 1) {
      for (int t = 0; t < axis.taps; ++t) {
        sums[k] = mul_add(set(weights[t]), load(from + t), sums[k]);
      }
    } else {
      for (int t = 0; t < axis.taps; t += Step) {
        Lanes parts[Step];
        load_apart<Step>(from + t, parts);
        for (int q = 0; q < Step && t + q < axis.taps; ++q) {
          sums[k] = mul_add(set(weights[t + q]), parts[q], sums[k]);
        }
      }
    }
  }
  store_woven<Period>(sums, out + first + g * Period);
}

template <int Period, int Step>
HWY_INLINE void along_pattern(const image::Axis &axis, const Repeat &repeat, const float *in,
                              float *out) {
  const int groups = (repeat.end - repeat.first) / Period;
  for (int g = 0; g < groups; g += kLanes) {  // the last ones once more, where fewer are left
    along_groups<Period, Step>(axis, repeat.first, std::min(g, groups - kLanes), in, out);
  }
}

// out = axis * in, along a row.
void along(const image::Axis &axis, const Repeat &repeat, const float *in, float *out) {
  using One = hn::CappedTag<float, 1>;
  const auto single = [&](int i) HCD_INLINE {
    const float *from = in + axis.start[static_cast<size_t>(i)];
    auto sum = hn::Zero(One());
    for (int t = 0; t < axis.taps; ++t) {
      sum = hn::MulAdd(hn::Set(One(), axis.row(i)[t]), hn::Set(One(), from[t]), sum);
    }
    out[i] = hn::GetLane(sum);
  };
  for (int i = 0; i < repeat.first; ++i) single(i);
  switch (repeat.period * 10 + repeat.step) {
    case 11:
      along_pattern<1, 1>(axis, repeat, in, out);
      break;
    case 12:
      along_pattern<1, 2>(axis, repeat, in, out);
      break;
    case 14:
      along_pattern<1, 4>(axis, repeat, in, out);
      break;
    case 21:
      along_pattern<2, 1>(axis, repeat, in, out);
      break;
    case 41:
      along_pattern<4, 1>(axis, repeat, in, out);
      break;
  }
  for (int i = repeat.end; i < axis.out; ++i) single(i);
}

// Rows [first, last) of axis * in, down a plane or, where rows lie on their side, along it; `in`
// begins at row `origin`.
void resample_rows(const image::Axis &axis, int first, int last, const float *in, int origin,
                   ptrdiff_t in_stride, float *out, ptrdiff_t out_stride, int lanes) {
  for (int i = first; i < last; ++i) {
    for_groups(lanes, Weigh{axis.row(i), axis.taps,
                            in + (axis.start[static_cast<size_t>(i)] - origin) * in_stride,
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

HWY_EXPORT(along);
HWY_EXPORT(resample_rows);
HWY_EXPORT(solve_columns);

constexpr int kStrip = 16;     // rows of a strip
constexpr int kColumns = 256;  // columns that are solved at a time: their rows stay in the cache

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

// The pattern of `axis`, from its middle outwards as far as it goes.
Repeat find_repeat(const image::Axis &axis) {
  const auto repeats = [&](int i, int period, int step) {
    return axis.start[static_cast<size_t>(i + period)] ==
               axis.start[static_cast<size_t>(i)] + step &&
           std::equal(axis.row(i), axis.row(i) + axis.taps, axis.row(i + period));
  };
  constexpr int kPatterns[][2] = {{1, 1}, {1, 2}, {1, 4}, {2, 1}, {4, 1}};
  for (const auto &[period, step] : kPatterns) {
    int first = axis.out / 2, end = first;  // of the rows that are repeated
    while (first > 0 && first - 1 + period < axis.out && repeats(first - 1, period, step)) --first;
    while (end + period < axis.out && repeats(end, period, step)) ++end;
    end = std::min(end + period, axis.out);
    // Whole steps are read, and whole groups made.
    const int read = (axis.taps + step - 1) / step * step;
    while (end > first && axis.start[static_cast<size_t>(end - 1)] + read > axis.in) --end;
    end -= (end - first) % period;
    if ((end - first) / period >= 8) return {period, step, first, end};
  }
  return {};
}

// out = axis * in, along all rows.
void along_rows(const image::Axis &axis, const Repeat &repeat, ConstPlane in, Plane out) {
  if (repeat.period > 0) {
    for (int y = 0; y < in.height; ++y) {
      HWY_DYNAMIC_DISPATCH(along)(axis, repeat, in.row(y), out.row(y));
    }
    return;
  }
  Buffer source(static_cast<size_t>(axis.in) * kStrip),
      result(static_cast<size_t>(axis.out) * kStrip);
  for (int first = 0; first < in.height; first += kStrip) {
    const int rows = std::min(kStrip, in.height - first);
    to_strip(in, first, rows, source.data());
    HWY_DYNAMIC_DISPATCH(resample_rows)
    (axis, 0, axis.out, source.data(), 0, kStrip, result.data(), kStrip, kStrip);
    from_strip(result.data(), first, rows, out);
  }
}

}  // namespace

// In pieces of rows of `out`, so that what lies between the two directions stays in the cache. The
// direction that leaves less work for the other goes first.
void apply(const image::Separable &op, ConstPlane in, Plane out, ThreadPool &pool) {
  const bool down = op.out_height() <= op.in_height();
  const Repeat repeat = find_repeat(op.horizontal);
  const int rows = down ? kStrip : 4 * kStrip;
  pool.run((out.height + rows - 1) / rows, [&](int piece) {
    const int first = piece * rows, last = std::min(out.height, first + rows);
    const auto start = [&](int i) { return op.vertical.start[static_cast<size_t>(i)]; };
    int top = start(first), bottom = top;  // the rows of `in` that these come from
    for (int i = first; i < last; ++i) {
      top = std::min(top, start(i));
      bottom = std::max(bottom, start(i) + op.vertical.taps);
    }
    const ConstPlane read = in.crop({0, top, in.width, bottom - top});
    const Plane made = out.crop({0, first, out.width, last - first});
    const int middle_width = down ? in.width : out.width;
    const int middle_height = down ? made.height : read.height;
    Buffer memory(static_cast<size_t>(middle_width) * static_cast<size_t>(middle_height));
    const Plane middle{memory.data(), middle_width, middle_height};
    const auto across = [&](ConstPlane from, Plane to) {
      HWY_DYNAMIC_DISPATCH(resample_rows)
      (op.vertical, first, last, from.data, top, from.stride, to.data, to.stride, to.width);
    };
    if (down) {
      across(read, middle);
      along_rows(op.horizontal, repeat, middle, made);
    } else {
      along_rows(op.horizontal, repeat, read, middle);
      across(middle, made);
    }
  });
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
