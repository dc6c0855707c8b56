// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/wavelet.h"

#include <algorithm>
#include <vector>

#include "base/buffer.h"
#include "engine/cpu/rows.h"
#include "engine/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/wavelet.cpp"
#include <hwy/foreach_target.h>

#include "engine/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hcd::cpu::HWY_NAMESPACE {

struct Taps {
  Lanes t[4];

  template <typename Numbers>
  explicit HWY_INLINE Taps(const Numbers &numbers)
      : t{set(numbers[0]), set(numbers[1]), set(numbers[2]), set(numbers[3])} {}
  HWY_INLINE Lanes of(const Lanes &a, const Lanes &b, const Lanes &c, const Lanes &d) const {
    return mul_add(t[3], d, mul_add(t[2], c, mul_add(t[0], a, t[1] * b)));
  }
};

// low, high = the two filters over four rows; high may be nullptr.
void filter_rows(const float *const rows[4], int n, float *low, float *high) {
  const Taps l(kLowPass), h(kHighPass);
  const auto filter = [&](bool both) HCD_INLINE {
    for_lanes(n, [&](auto at) HCD_INLINE {
      const Lanes a = at.load(rows[0]), b = at.load(rows[1]), c = at.load(rows[2]),
                  d = at.load(rows[3]);
      at.store(l.of(a, b, c, d), low);
      if (both) at.store(h.of(a, b, c, d), high);
    });
  };
  high ? filter(true) : filter(false);
}

// low[i], high[i] = the two filters over row[2 i ... 2 i + 3].
void filter_along(const float *row, int n, float *low, float *high) {
  const Taps l(kLowPass), h(kHighPass);
  for_lanes(n, [&](auto at) HCD_INLINE {
    Lanes a, b, c, d;
    at.load_pairs(row, a, b);
    at.load_pairs(row + 2, c, d);
    at.store(l.of(a, b, c, d), low);
    at.store(h.of(a, b, c, d), high);
  });
}

// The adjoint of filter_along(): `row` has 2 n + 2 samples. Either may be nullptr for zeros.
void filter_along_adjoint(const float *low, const float *high, int n, float *row) {
  constexpr WaveletTaps l = kLowPass, h = kHighPass;
  const Taps even(WaveletTaps{l[0], l[2], h[0], h[2]}), odd(WaveletTaps{l[1], l[3], h[1], h[3]});
  const auto spread =
      [&](auto at, const Lanes &a, const Lanes &b, const Lanes &c, const Lanes &d)
          HCD_INLINE { at.store_pairs(even.of(a, b, c, d), odd.of(a, b, c, d), row); };
  const auto one = [](const float *band, int i) HCD_INLINE {
    return band ? Part{i, 1}.load(band) : zeros();
  };
  spread(Part{0, 1}, one(low, 0), zeros(), one(high, 0), zeros());
  spread(Part{n, 1}, zeros(), one(low, n - 1), zeros(), one(high, n - 1));
  row += 2;
  const auto both = [](auto at, const float *band, Lanes &a, Lanes &b) HCD_INLINE {
    a = band ? at.load(band + 1) : zeros();
    b = band ? at.load(band) : zeros();
  };
  for_lanes(n - 1, [&](auto at) HCD_INLINE {
    Lanes a, b, c, d;
    both(at, low, a, b);
    both(at, high, c, d);
    spread(at, a, b, c, d);
  });
}

// out = the sum of weights[i] * rows[i], or with `more` out += it.
void weigh_rows(const float *const rows[4], const WaveletTaps &weights, bool more, int n,
                float *out) {
  const Taps taps(weights);
  for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes sum =
        taps.of(at.load(rows[0]), at.load(rows[1]), at.load(rows[2]), at.load(rows[3]));
    at.store(more ? at.load(out) + sum : sum, out);
  });
}

}  // namespace hcd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hcd::cpu {
namespace {

HWY_EXPORT(filter_rows);
HWY_EXPORT(filter_along);
HWY_EXPORT(filter_along_adjoint);
HWY_EXPORT(weigh_rows);

constexpr int kTaps = 4, kBefore = 1, kAfter = 2;  // samples mirrored at either end

// The sample that stands at position i of a mirrored axis of n.
int mirrored(int i, int n) {
  while (i < 0 || i >= n) {
    if (n == 1) return 0;
    i = i < 0 ? -i : 2 * (n - 1) - i;
  }
  return i;
}

void mirror_ends(float *row, int n) {  // sample 0 at row[kBefore]
  row[0] = row[kBefore + mirrored(-1, n)];
  for (int i = 0; i < kAfter; ++i) row[kBefore + n + i] = row[kBefore + mirrored(n + i, n)];
}

}  // namespace

void dwt2(ConstPlane in, const RowRange &detailed, const Subbands &out, ThreadPool &pool) {
  for_pieces(out.a.height, pool, [&](int first, int end) {
    const size_t padded = static_cast<size_t>(in.width) + kBefore + kAfter + 1;
    std::vector<float> low(padded), high(padded), unused(static_cast<size_t>(out.a.width));
    const auto along = [&](std::vector<float> &row, float *to_low, float *to_high) {
      mirror_ends(row.data(), in.width);
      HWY_DYNAMIC_DISPATCH(filter_along)(row.data(), out.a.width, to_low, to_high);
    };
    for (int i = first; i < end; ++i) {
      const bool all = detailed.contain(i);
      const float *rows[kTaps];
      for (int t = 0; t < kTaps; ++t) rows[t] = in.row(mirrored(2 * i - kBefore + t, in.height));
      HWY_DYNAMIC_DISPATCH(filter_rows)
      (rows, in.width, low.data() + kBefore, all ? high.data() + kBefore : nullptr);
      along(low, out.a.row(i), all ? out.details[0].row(i) : unused.data());
      if (all) along(high, out.details[1].row(i), out.details[2].row(i));
    }
  });
}

void dwt2_adjoint(const Subbands &in, const RowRange &detailed, Plane out, ThreadPool &pool) {
  const int width = in.a.width, height = in.a.height, n = out.width;
  for_pieces(out.height, pool, [&](int first, int end) {
    // Position p of the mirrored axis gets what rows p / 2 and p / 2 - 1 of the level read there:
    // those of this piece, the mirrored positions behind the last row included.
    const int top = std::max(0, (first + kBefore) / 2 - 1);
    const int last = std::min(height - 1, (end + kBefore + kAfter + 1) / 2);
    const auto stride = 2 * static_cast<size_t>(width) + 2;  // sample 0 at kBefore
    const size_t rows = static_cast<size_t>(last - top + 1);
    Buffer memory((2 * rows + 1) * stride);
    float *const low = memory.data(), *const high = low + rows * stride;
    float *const zeros = high + rows * stride;
    std::fill_n(zeros, stride, 0.0F);
    const auto spread = [&](const float *from_low, const float *from_high, float *row) {
      HWY_DYNAMIC_DISPATCH(filter_along_adjoint)(from_low, from_high, width, row);
      row[kBefore + mirrored(-1, n)] += row[0];
      // The last of them lies beyond what an odd size reads.
      for (int i = 0; i < kAfter && kBefore + n + i < 2 * width + 2; ++i) {
        row[kBefore + mirrored(n + i, n)] += row[kBefore + n + i];
      }
    };
    for (int i = top; i <= last; ++i) {
      const size_t at = static_cast<size_t>(i - top) * stride;
      const bool all = detailed.contain(i);
      spread(in.a.data ? in.a.row(i) : nullptr, all ? in.details[0].row(i) : nullptr, low + at);
      if (all) spread(in.details[1].row(i), in.details[2].row(i), high + at);
    }
    const auto row = [&](const float *band, const RowRange &made, int i) {
      const size_t at = static_cast<size_t>(i - top) * stride;
      return (made.contain(i) ? band + at : zeros) + kBefore;
    };
    const auto gather = [&](int p, bool more, float *to) {
      const int j = p / 2;
      const auto t = static_cast<size_t>(p % 2);
      const WaveletTaps weights = {kLowPass[t], kLowPass[t + 2], kHighPass[t], kHighPass[t + 2]};
      const RowRange all{0, height};
      const float *const from[4] = {row(low, all, j), row(low, all, j - 1), row(high, detailed, j),
                                    row(high, detailed, j - 1)};
      HWY_DYNAMIC_DISPATCH(weigh_rows)(from, weights, more, n, to);
    };
    for (int y = first; y < end; ++y) {
      gather(y + kBefore, false, out.row(y));
      for (const int beyond : {-1, out.height, out.height + 1}) {
        if (mirrored(beyond, out.height) == y) gather(beyond + kBefore, true, out.row(y));
      }
    }
  });
}

}  // namespace hcd::cpu
#endif
