// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/row_ops.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "engine/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/row_ops.cpp"
#include <hwy/foreach_target.h>

#include "engine/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hcd::cpu::HWY_NAMESPACE {

double dot_row(const float *a, const float *b, int n) {
  Lanes sum0 = zeros(), sum1 = zeros();
  int i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    sum0 = mul_add(load(a + i), load(b + i), sum0);
    sum1 = mul_add(load(a + i + kLanes), load(b + i + kLanes), sum1);
  }
  double sum = sum_lanes(sum0) + sum_lanes(sum1);
  for (; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

void axpy_row(float a, const float *x, float *y, int n) {
  const Lanes factor = set(a);
  for_lanes(n, [&](auto at) HCD_INLINE { at.store(mul_add(factor, at.load(x), at.load(y)), y); });
}

void xpby_row(const float *x, float b, float *y, int n) {
  const Lanes factor = set(b);
  for_lanes(n, [&](auto at) HCD_INLINE { at.store(mul_add(factor, at.load(y), at.load(x)), y); });
}

void add_row(const float *x, const float *y, float *z, int n) {
  for_lanes(n, [&](auto at) HCD_INLINE { at.store(at.load(x) + at.load(y), z); });
}

void subtract_row(const float *x, const float *y, float *z, int n) {
  for_lanes(n, [&](auto at) HCD_INLINE { at.store(at.load(x) - at.load(y), z); });
}

// Where whole numbers take part, here and below, the compiler finds the vectors by itself.
bool clip_row(float *values, image::Range range, int n) {
  int outside = 0;
  for (int i = 0; i < n; ++i) {
    const float value = values[i];
    values[i] = std::min(std::max(value, range.low), range.high);
    outside |= static_cast<int>(values[i] != value);
  }
  return outside != 0;
}

bool all_finite(const float *values, int n) {
  int bad = 0;
  for (int i = 0; i < n; ++i) bad |= static_cast<int>(!(std::abs(values[i]) <= FLT_MAX));
  return bad == 0;
}

void range_of_rows(const float *a, const float *b, const float *c, int n, float *low, float *high) {
  for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes va = at.load(a), vb = at.load(b), vc = at.load(c);
    at.store(min(min(va, vb), vc), low);
    at.store(max(max(va, vb), vc), high);
  });
}

double mix_row(const float *shown, const MixTarget &target, const MixWeights &factors, int n,
               float *slope) {
  const Lanes by_error = set(factors.error), by_excess = set(factors.excess),
              by_detail = set(factors.detail);
  const Lanes darkest = set(target.shown.low), brightest = set(target.shown.high);
  Lanes sums = zeros();
  sum_for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes value = at.load(shown);
    const Lanes error = value - at.load(target.y);
    const Lanes excess = value - clamp(value, at.load(target.low), at.load(target.high));
    const Lanes error_slope = by_error * error, excess_slope = by_excess * excess;
    const Lanes mixed = mul_add(by_detail, at.load(slope), error_slope + excess_slope);
    at.store(if_less(darkest, value, if_less(value, brightest, mixed, zeros()), zeros()), slope);
    sums = sums + mul_add(error_slope, error, excess_slope * excess);
  });
  return sum_lanes(sums);
}

// The mask of vector I of eight lanes, which starts at bit I kPerVec.
template <size_t... I>
HWY_INLINE uint8_t signs_of_lanes(const Lanes &a, std::index_sequence<I...>) {
  uint8_t bits[kVecs][8];
  (hn::StoreMaskBits(Tag(), hn::Gt(a.v[I], hn::Zero(Tag())), bits[I]), ...);
  return static_cast<uint8_t>((... | (bits[I][0] << (I * kPerVec))));
}

void signs_of(const float *values, int n, uint8_t *bits) {
  for_lanes(n, [&](auto at) HCD_INLINE { *bits++ = signs_of_lanes(at.load(values), Vecs()); });
}

template <size_t... I>
HWY_INLINE Lanes lanes_of_signs(uint8_t byte, std::index_sequence<I...>) {
  uint8_t bits[kVecs][8] = {{static_cast<uint8_t>(byte >> (I * kPerVec))}...};
  return {{hn::IfThenElseZero(hn::LoadMaskBits(Tag(), bits[I]), hn::Set(Tag(), 1))...}};
}

void values_of(const uint8_t *bits, int n, float *values) {
  for_lanes(n, [&](auto at) HCD_INLINE { at.store(lanes_of_signs(*bits++, Vecs()), values); });
}

void join_phases(const float *row, int pixel, const float *phases, int width, int scale,
                 float *out) {
  for (int d = 0; d < scale; ++d) {
    for (int x = 0; x < width; ++x) {
      out[x * scale + d] = row[x * pixel + d] + phases[d * width + x];
    }
  }
}

template <typename T>
HWY_INLINE void unpack(const T *in, const CodeRow &codes, float *out, int n) {
  const float unit = 1 / codes.scale;
  const int shift = codes.shift;
  if (codes.step == 1) {
    for (int x = 0; x < n; ++x) out[x] = static_cast<float>(in[x] >> shift) * unit;
  } else {
    for (int x = 0; x < n; ++x) out[x] = static_cast<float>(in[2 * x] >> shift) * unit;
  }
}
void unpack_row8(const uint8_t *in, const CodeRow &codes, float *out, int n) {
  unpack(in, codes, out, n);
}
void unpack_row16(const uint16_t *in, const CodeRow &codes, float *out, int n) {
  unpack(in, codes, out, n);
}

// Adding and taking away 1.5 * 2^23 rounds a float of this size to a whole number, ties to even.
constexpr float kRound = 12582912.0F;

template <typename T>
HWY_INLINE void pack(const float *in, image::Range range, const CodeRow &codes, T *out, int n) {
  const auto code = [&](float value) HCD_INLINE {
    const float rounded = (value * codes.scale + kRound) - kRound;
    const float inside = std::min(std::max(rounded, range.low), range.high);
    return static_cast<T>(static_cast<int>(inside) << codes.shift);
  };
  if (codes.step == 1) {
    for (int x = 0; x < n; ++x) out[x] = code(in[x]);
  } else {
    for (int x = 0; x < n; ++x) out[2 * x] = code(in[x]);
  }
}
void pack_row8(const float *in, image::Range range, const CodeRow &codes, uint8_t *out, int n) {
  pack(in, range, codes, out, n);
}
void pack_row16(const float *in, image::Range range, const CodeRow &codes, uint16_t *out, int n) {
  pack(in, range, codes, out, n);
}

HWY_INLINE Lanes round_code(const Lanes &value, const Lanes &scale, const Lanes &low,
                            const Lanes &high) {
  const Lanes code = mul_add(value, scale, set(kRound)) - set(kRound);
  return clamp(code, low, high);
}

void quantise_row(float *values, image::Range range, float scale, int n) {
  const Lanes low = set(range.low), high = set(range.high), codes = set(scale);
  for_lanes(n, [&](auto at) HCD_INLINE {
    at.store(round_code(at.load(values), codes, low, high) / codes, values);
  });
}

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

}  // namespace hcd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hcd::cpu {

HWY_EXPORT(dot_row);
double dot_row(const float *a, const float *b, int n) {
  return HWY_DYNAMIC_DISPATCH(dot_row)(a, b, n);
}

HWY_EXPORT(axpy_row);
void axpy_row(float a, const float *x, float *y, int n) {
  HWY_DYNAMIC_DISPATCH(axpy_row)(a, x, y, n);
}

HWY_EXPORT(xpby_row);
void xpby_row(const float *x, float b, float *y, int n) {
  HWY_DYNAMIC_DISPATCH(xpby_row)(x, b, y, n);
}

HWY_EXPORT(add_row);
void add_row(const float *x, const float *y, float *z, int n) {
  HWY_DYNAMIC_DISPATCH(add_row)(x, y, z, n);
}

HWY_EXPORT(subtract_row);
void subtract_row(const float *x, const float *y, float *z, int n) {
  HWY_DYNAMIC_DISPATCH(subtract_row)(x, y, z, n);
}

HWY_EXPORT(clip_row);
bool clip_row(float *values, image::Range range, int n) {
  return HWY_DYNAMIC_DISPATCH(clip_row)(values, range, n);
}

HWY_EXPORT(all_finite);
bool all_finite(const float *values, int n) { return HWY_DYNAMIC_DISPATCH(all_finite)(values, n); }

HWY_EXPORT(range_of_rows);
void range_of_rows(const float *a, const float *b, const float *c, int n, float *low, float *high) {
  HWY_DYNAMIC_DISPATCH(range_of_rows)(a, b, c, n, low, high);
}

HWY_EXPORT(mix_row);
double mix_row(const float *shown, const MixTarget &target, const MixWeights &factors, int n,
               float *slope) {
  return HWY_DYNAMIC_DISPATCH(mix_row)(shown, target, factors, n, slope);
}

HWY_EXPORT(signs_of);
void signs_of(const float *values, int n, uint8_t *bits) {
  HWY_DYNAMIC_DISPATCH(signs_of)(values, n, bits);
}

HWY_EXPORT(values_of);
void values_of(const uint8_t *bits, int n, float *values) {
  HWY_DYNAMIC_DISPATCH(values_of)(bits, n, values);
}

HWY_EXPORT(join_phases);
void join_phases(const float *row, int pixel, const float *phases, int width, int scale,
                 float *out) {
  HWY_DYNAMIC_DISPATCH(join_phases)(row, pixel, phases, width, scale, out);
}

HWY_EXPORT(unpack_row8);
void unpack_row(const uint8_t *in, const CodeRow &codes, float *out, int n) {
  HWY_DYNAMIC_DISPATCH(unpack_row8)(in, codes, out, n);
}
HWY_EXPORT(unpack_row16);
void unpack_row(const uint16_t *in, const CodeRow &codes, float *out, int n) {
  HWY_DYNAMIC_DISPATCH(unpack_row16)(in, codes, out, n);
}

HWY_EXPORT(pack_row8);
void pack_row(const float *in, image::Range range, const CodeRow &codes, uint8_t *out, int n) {
  HWY_DYNAMIC_DISPATCH(pack_row8)(in, range, codes, out, n);
}
HWY_EXPORT(pack_row16);
void pack_row(const float *in, image::Range range, const CodeRow &codes, uint16_t *out, int n) {
  HWY_DYNAMIC_DISPATCH(pack_row16)(in, range, codes, out, n);
}

HWY_EXPORT(quantise_row);
void quantise_row(float *values, image::Range range, float scale, int n) {
  HWY_DYNAMIC_DISPATCH(quantise_row)(values, range, scale, n);
}

HWY_EXPORT(shown_row_error);
double shown_row_error(const float *shown, const float *truth, float scale, float top, int n) {
  return HWY_DYNAMIC_DISPATCH(shown_row_error)(shown, truth, scale, top, n);
}

}  // namespace hcd::cpu
#endif
