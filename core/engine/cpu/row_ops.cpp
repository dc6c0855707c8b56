// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/row_ops.h"

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

void subtract_row(const float *x, const float *y, float *z, int n) {
  for_lanes(n, [&](auto at) HCD_INLINE { at.store(at.load(x) - at.load(y), z); });
}

// The compiler finds the vectors by itself.
bool all_finite(const float *values, int n) {
  int bad = 0;
  for (int i = 0; i < n; ++i) bad |= static_cast<int>(!(std::abs(values[i]) <= FLT_MAX));
  return bad == 0;
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

struct Weigh {
  const float *weights;
  const float *const *rows;
  int taps;
  float *out;

  template <int Count, typename At>
  HWY_INLINE void run(At at) const {
    Lanes sums[Count];
    unroll<Count>([&](auto k) HCD_INLINE { sums[k] = zeros(); });
    for (int t = 0; t < taps; ++t) {
      const Lanes weight = set(weights[t]);
      unroll<Count>([&](auto k) HCD_INLINE {
        sums[k] = mul_add(weight, at.load(rows[t] + k * kLanes), sums[k]);
      });
    }
    unroll<Count>([&](auto k) HCD_INLINE { at.store(sums[k], out + k * kLanes); });
  }
};

void weigh_rows(const float *weights, const float *const *rows, int taps, int n, float *out) {
  for_groups(n, Weigh{weights, rows, taps, out});
}

void join_phases(const float *row, int pixel, const float *phases, int width, int scale,
                 float *out) {
  int first = 0;
  if (pixel == 4 && scale == 2) {  // two rows of blocks of four lie together
    for (; first + 2 * kLanes <= width; first += kLanes) {  // not the last: it reads beyond a row
      Lanes parts[4];
      load_apart<4>(row + 4 * first, parts);
      const Lanes sums[2] = {parts[0] + load(phases + first),
                             parts[1] + load(phases + width + first)};
      store_woven<2>(sums, out + 2 * first);
    }
  }
  for (int d = 0; d < scale; ++d) {
    for (int x = first; x < width; ++x) {
      out[x * scale + d] = row[x * pixel + d] + phases[d * width + x];
    }
  }
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

HWY_EXPORT(weigh_rows);
void weigh_rows(const float *weights, const float *const *rows, int taps, int n, float *out) {
  HWY_DYNAMIC_DISPATCH(weigh_rows)(weights, rows, taps, n, out);
}

HWY_EXPORT(subtract_row);
void subtract_row(const float *x, const float *y, float *z, int n) {
  HWY_DYNAMIC_DISPATCH(subtract_row)(x, y, z, n);
}

HWY_EXPORT(all_finite);
bool all_finite(const float *values, int n) { return HWY_DYNAMIC_DISPATCH(all_finite)(values, n); }

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

}  // namespace hcd::cpu
#endif
