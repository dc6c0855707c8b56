// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/samples.h"

#include <algorithm>
#include <vector>

#include "base/buffer.h"
#include "engine/cpu/rows.h"
#include "engine/cpu/targets.h"
#include "image/storage.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/samples.cpp"
#include <hwy/foreach_target.h>

#include "engine/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hcd::cpu::HWY_NAMESPACE {

// ---- rows: n samples, of floats on the 8-bit scale or of code values ----
// `step` is what the samples of a frame are apart, 1 or 2.

template <typename T>
HWY_INLINE void unpack(const T *in, float unit, int shift, int step, float *out, int n) {
  if (step == 1) {
    for (int x = 0; x < n; ++x) out[x] = static_cast<float>(in[x] >> shift) * unit;
  } else {
    for (int x = 0; x < n; ++x) out[x] = static_cast<float>(in[2 * x] >> shift) * unit;
  }
}

// Where whole numbers take part, here and below, the compiler finds the vectors by itself.
void unpack_row(const hcd_format &format, const uint8_t *in, int step, float *out, int n) {
  const float unit = 1 / image::code_scale(format.depth);
  if (format.depth == 8) {
    unpack(in, unit, 0, step, out, n);
  } else {
    unpack(reinterpret_cast<const uint16_t *>(in), unit, format.shift, step, out, n);
  }
}

// Adding and taking away 1.5 * 2^23 rounds a float of this size to a whole number, ties to even.
constexpr float kRound = 12582912.0F;

template <typename T>
HWY_INLINE void pack(const float *in, image::Range range, float scale, int shift, int step, T *out,
                     int n) {
  const auto code = [=](float value) HCD_INLINE {
    const float rounded = (value * scale + kRound) - kRound;
    const float inside = std::min(std::max(rounded, range.low), range.high);
    return static_cast<T>(static_cast<int>(inside) << shift);
  };
  if (step == 1) {
    for (int x = 0; x < n; ++x) out[x] = code(in[x]);
  } else {
    for (int x = 0; x < n; ++x) out[2 * x] = code(in[x]);
  }
}

// Inside `range` (of code values).
void pack_row(const hcd_format &format, const float *in, image::Range range, int step, uint8_t *out,
              int n) {
  const float scale = image::code_scale(format.depth);
  if (format.depth == 8) {
    pack(in, range, scale, 0, step, out, n);
  } else {
    pack(in, range, scale, format.shift, step, reinterpret_cast<uint16_t *>(out), n);
  }
}

HWY_INLINE Lanes round_code(const Lanes &value, const Lanes &scale, const Lanes &low,
                            const Lanes &high) {
  const Lanes code = mul_add(value, scale, set(kRound)) - set(kRound);
  return clamp(code, low, high);
}

// What unpack_row() gives after pack_row(), in place.
void quantise_row(float *values, image::Range range, float scale, int n) {
  const Lanes low = set(range.low), high = set(range.high), codes = set(scale);
  for_lanes(n, [&](auto at) HCD_INLINE {
    at.store(round_code(at.load(values), codes, low, high) / codes, values);
  });
}

// Sum of the squared differences between `shown`, rounded to code values in [0, top], and `truth`,
// in code values.
double shown_row_error(const float *shown, const float *truth, float scale, float top, int n) {
  const Lanes low = zeros(), high = set(top), codes = set(scale);
  Lanes sums = zeros();
  sum_for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes code = round_code(at.load(shown), codes, low, high);
    const Lanes error = neg_mul_add(at.load(truth), codes, code);
    sums = mul_add(error, error, sums);
  });
  return sum_lanes(sums);
}

// See Engine::squared_error().
double squared_error_row(const float *shown, const float *target, float factor, float *slope,
                         int n) {
  const Lanes by = set(factor);
  Lanes sums = zeros();
  sum_for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes difference = at.load(shown) - at.load(target);
    if (slope) at.store(by * difference, slope);
    sums = mul_add(difference, difference, sums);
  });
  return sum_lanes(sums);
}

// Clips in place; the sum of the squares of what was cut off.
double clip_row(float *values, image::Range range, int n) {
  const Lanes low = set(range.low), high = set(range.high);
  Lanes sums = zeros();
  int x = 0;
  for (; x + kLanes <= n; x += kLanes) {
    const Lanes value = load(values + x), inside = clamp(value, low, high), cut = value - inside;
    store(inside, values + x);
    sums = mul_add(cut, cut, sums);
  }
  double sum = sum_lanes(sums);
  for (; x < n; ++x) {
    const float inside = std::min(std::max(values[x], range.low), range.high);
    const auto cut = static_cast<double>(values[x] - inside);
    values[x] = inside;
    sum += cut * cut;
  }
  return sum;
}

// The least and the greatest of a[x], b[x] and c[x].
void range_of_rows(const float *a, const float *b, const float *c, int n, float *low, float *high) {
  for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes va = at.load(a), vb = at.load(b), vc = at.load(c);
    at.store(min(min(va, vb), vc), low);
    at.store(max(max(va, vb), vc), high);
  });
}

// See Engine::mix_slope(). `low` and `high`: the range of y's columns, with a sample more at each
// end.
template <bool kSlope>
HWY_INLINE double mix(const float *shown, const float *y, const float *low, const float *high,
                      image::Range range, const MixFactors &factors, int n, float *slope) {
  const Lanes by_error = set(factors.error), by_excess = set(factors.excess),
              by_detail = set(factors.detail);
  const Lanes darkest = set(range.low), brightest = set(range.high);
  Lanes sums = zeros();
  sum_for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes value = at.load(shown);
    const Lanes error = value - at.load(y);
    const Lanes least = min(min(at.load(low - 1), at.load(low)), at.load(low + 1));
    const Lanes greatest = max(max(at.load(high - 1), at.load(high)), at.load(high + 1));
    const Lanes excess = value - clamp(value, least, greatest);
    const Lanes error_slope = by_error * error, excess_slope = by_excess * excess;
    if constexpr (kSlope) {
      const Lanes mixed = mul_add(by_detail, at.load(slope), error_slope + excess_slope);
      at.store(if_less(darkest, value, if_less(value, brightest, mixed, zeros()), zeros()), slope);
    }
    sums = sums + mul_add(error_slope, error, excess_slope * excess);
  });
  return sum_lanes(sums);
}

double mix_row(const float *shown, const float *y, const float *low, const float *high,
               image::Range range, const MixFactors &factors, int n, float *slope) {
  return slope ? mix<true>(shown, y, low, high, range, factors, n, slope)
               : mix<false>(shown, y, low, high, range, factors, n, slope);
}

}  // namespace hcd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hcd::cpu {
namespace {

using image::code_scale;
using image::Geometry;

HWY_EXPORT(unpack_row);
HWY_EXPORT(pack_row);
HWY_EXPORT(quantise_row);
HWY_EXPORT(shown_row_error);
HWY_EXPORT(squared_error_row);
HWY_EXPORT(clip_row);
HWY_EXPORT(range_of_rows);
HWY_EXPORT(mix_row);

// Runs `work(c, y)` for every row of every component.
template <typename Work>
void for_component_rows(const hcd_format &format, ThreadPool &pool, const Work &work) {
  for (int c = 0; c < image::n_components(format); ++c) {
    for_rows(image::component_height(format, c), pool, [&](int y) { work(c, y); });
  }
}

// The sum of row(y), in order.
template <typename Row>
double sum_of_rows(int height, ThreadPool &pool, const Row &row) {
  std::vector<double> rows(static_cast<size_t>(height));
  for_rows(height, pool, [&](int y) { rows[static_cast<size_t>(y)] = row(y); });
  double sum = 0;
  for (const double value : rows) sum += value;
  return sum;
}

}  // namespace

double clip(Plane plane, const image::Range &range, ThreadPool &pool) {
  return sum_of_rows(plane.height, pool, [&](int y) {
    return HWY_DYNAMIC_DISPATCH(clip_row)(plane.row(y), range, plane.width);
  });
}

void unpack(const hcd_format &format, const hcd_frame &frame, float *out, ThreadPool &pool) {
  const Geometry geometry(format);
  for_component_rows(format, pool, [&](int c, int y) {
    const image::Storage from = image::storage(format, frame, c);
    const Plane plane = geometry.plane(out, c);
    const uint8_t *row = from.data + y * from.stride;
    HWY_DYNAMIC_DISPATCH(unpack_row)(format, row, from.step, plane.row(y), plane.width);
  });
}

void pack(const hcd_format &format, const float *in, const image::Ranges &ranges,
          const hcd_frame &frame, ThreadPool &pool) {
  const Geometry geometry(format);
  for_component_rows(format, pool, [&](int c, int y) {
    const image::Storage to = image::storage(format, frame, c);
    const ConstPlane plane = geometry.plane(in, c);
    const image::Range codes = image::code_range(format.depth, ranges[static_cast<size_t>(c)]);
    uint8_t *row = to.data + y * to.stride;
    HWY_DYNAMIC_DISPATCH(pack_row)(format, plane.row(y), codes, to.step, row, plane.width);
  });
}

void quantise(int depth, const image::Range &range, Plane plane, ThreadPool &pool) {
  const image::Range codes = image::code_range(depth, range);
  for_rows(plane.height, pool, [&](int y) {
    HWY_DYNAMIC_DISPATCH(quantise_row)(plane.row(y), codes, code_scale(depth), plane.width);
  });
}

double shown_plane_error(int depth, ConstPlane shown, ConstPlane truth, ThreadPool &pool) {
  const float scale = code_scale(depth);
  const auto top = static_cast<float>((1 << depth) - 1);
  const double sum = sum_of_rows(truth.height, pool, [&](int y) {
    return HWY_DYNAMIC_DISPATCH(shown_row_error)(shown.row(y), truth.row(y), scale, top,
                                                 truth.width);
  });
  return sum / static_cast<double>(truth.size()) / static_cast<double>(scale) /
         static_cast<double>(scale);
}

double mix_slope(ConstPlane shown, ConstPlane y, const image::Range &range,
                 const MixFactors &factors, Plane slope, ThreadPool &pool) {
  return sum_of_rows(shown.height, pool, [&](int i) {
    const auto n = static_cast<size_t>(y.width);
    Buffer ranges(2 * (n + 2));
    float *const low = ranges.data() + 1, *const high = low + n + 2;
    HWY_DYNAMIC_DISPATCH(range_of_rows)
    (y.row(std::max(i - 1, 0)), y.row(i), y.row(std::min(i + 1, y.height - 1)), y.width, low, high);
    for (float *row : {low, high}) {
      row[-1] = row[0];
      row[n] = row[n - 1];
    }
    return HWY_DYNAMIC_DISPATCH(mix_row)(shown.row(i), y.row(i), low, high, range, factors, y.width,
                                         slope.data ? slope.row(i) : nullptr);
  });
}

double squared_error(ConstPlane shown, ConstPlane target, float factor, Plane slope,
                     ThreadPool &pool) {
  double sum = 0;
  for (int c = 0; c < shown.channels; ++c) {
    sum += sum_of_rows(shown.height, pool, [&](int y) {
      return HWY_DYNAMIC_DISPATCH(squared_error_row)(shown.row(c, y), target.row(c, y), factor,
                                                     slope.data ? slope.row(c, y) : nullptr,
                                                     shown.width);
    });
  }
  return sum;
}

}  // namespace hcd::cpu
#endif
