// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/loss_rows.h"

#include <cmath>

#include "engine/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/loss_rows.cpp"
#include <hwy/foreach_target.h>

#include "engine/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hcd::cpu::HWY_NAMESPACE {

// ---- wavelet ----

struct Taps {
  Lanes t[4];

  template <typename Numbers>
  explicit HWY_INLINE Taps(const Numbers &numbers)
      : t{set(numbers[0]), set(numbers[1]), set(numbers[2]), set(numbers[3])} {}
  HWY_INLINE Lanes of(const Lanes &a, const Lanes &b, const Lanes &c, const Lanes &d) const {
    return mul_add(t[3], d, mul_add(t[2], c, mul_add(t[0], a, t[1] * b)));
  }
};

void filter_rows(const WaveletTaps &low_pass, const WaveletTaps &high_pass,
                 const float *const rows[4], int n, float *low, float *high) {
  const Taps l(low_pass), h(high_pass);
  for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes a = at.load(rows[0]), b = at.load(rows[1]), c = at.load(rows[2]),
                d = at.load(rows[3]);
    at.store(l.of(a, b, c, d), low);
    at.store(h.of(a, b, c, d), high);
  });
}

void filter_along(const WaveletTaps &low_pass, const WaveletTaps &high_pass, const float *row,
                  int n, float *low, float *high) {
  const Taps l(low_pass), h(high_pass);
  for_lanes(n, [&](auto at) HCD_INLINE {
    Lanes a, b, c, d;
    at.load_pairs(row, a, b);
    at.load_pairs(row + 2, c, d);
    at.store(l.of(a, b, c, d), low);
    at.store(h.of(a, b, c, d), high);
  });
}

void filter_along_adjoint(const WaveletTaps &low_pass, const WaveletTaps &high_pass,
                          const float *low, const float *high, int n, float *row) {
  const WaveletTaps &l = low_pass, &h = high_pass;
  const float evens[4] = {l[0], l[2], h[0], h[2]}, odds[4] = {l[1], l[3], h[1], h[3]};
  const Taps even(evens), odd(odds);
  for_lanes(n + 1, [&](auto at) HCD_INLINE {
    const Lanes a = at.load(low), b = at.load(low - 1), c = at.load(high), d = at.load(high - 1);
    at.store_pairs(even.of(a, b, c, d), odd.of(a, b, c, d), row);
  });
}

void add_weighted(const float *const rows[4], const float weights[4], int n, float *out) {
  const Taps taps(weights);
  for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes sum =
        taps.of(at.load(rows[0]), at.load(rows[1]), at.load(rows[2]), at.load(rows[3]));
    at.store(at.load(out) + sum, out);
  });
}

// ---- detail loss ----

// The part of a test value that the reference has too: between nothing and all of it.
HWY_INLINE Lanes restored(const Lanes &test, const Lanes &reference) {
  return clamp(test, min(reference, zeros()), max(reference, zeros()));
}

void add_additive(const float *test, const float *reference, float csf, int n, float *additive) {
  const Lanes weight = set(csf);
  for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes value = at.load(test);
    const Lanes excess = abs(value - restored(value, at.load(reference)));
    at.store(mul_add(weight, excess, at.load(additive)), additive);
  });
}

void masking_threshold(const float *above, const float *row, const float *below, int n,
                       float *threshold) {
  constexpr float kNeighbour = 1.0F / 30, kCentre = 1.0F / 15;
  const Lanes neighbour = set(kNeighbour), centre = set(kCentre - kNeighbour);
  for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes middle = at.load(row);
    const Lanes sum = at.load(above - 1) + at.load(above) + at.load(above + 1) + at.load(row - 1) +
                      middle + at.load(row + 1) + at.load(below - 1) + at.load(below) +
                      at.load(below + 1);
    at.store(mul_add(neighbour, sum, centre * middle), threshold);
  });
}

double mask_contrast(const float *test, const float *reference, float csf, const float *threshold,
                     int n, float *squares) {
  const Lanes weight = set(csf);
  Lanes cubes = zeros();
  sum_for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes contrast = abs(restored(at.load(test), at.load(reference)));
    const Lanes seen = max(zeros(), mul_sub(contrast, weight, at.load(threshold)));
    const Lanes square = seen * seen;
    at.store(square, squares);
    cubes = mul_add(square, seen, cubes);
  });
  return sum_lanes(cubes);
}

void mask_contrast_adjoint(float factor, int n, float *squares, float *by_threshold) {
  const Lanes weight = set(factor);
  for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes slope = at.load(squares) * weight;
    at.store(slope, squares);
    at.store(at.load(by_threshold) - slope, by_threshold);
  });
}

void decouple_adjoint(const float *reference, const float *by_restored, const float *by_additive,
                      float csf, int n, float *test) {
  const Lanes weight = set(csf), zero = zeros();
  for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes value = at.load(test), whole = at.load(reference);
    const Lanes part = restored(value, whole), excess = value - part;
    const Lanes slope_in = at.load(by_restored), slope_out = at.load(by_additive);
    const Lanes inside = if_less(whole, zero, -slope_in, slope_in);
    const Lanes outside = if_less(excess, zero, -slope_out, slope_out);
    // At the ends of the range there is no derivative.
    const Lanes between = if_equal(part, zero, zero, if_equal(part, whole, zero, inside));
    at.store(weight * if_equal(excess, zero, between, outside), test);
  });
}

}  // namespace hcd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hcd::cpu {

HWY_EXPORT(filter_rows);
void filter_rows(const WaveletTaps &low_pass, const WaveletTaps &high_pass,
                 const float *const rows[4], int n, float *low, float *high) {
  HWY_DYNAMIC_DISPATCH(filter_rows)(low_pass, high_pass, rows, n, low, high);
}

HWY_EXPORT(filter_along);
void filter_along(const WaveletTaps &low_pass, const WaveletTaps &high_pass, const float *row,
                  int n, float *low, float *high) {
  HWY_DYNAMIC_DISPATCH(filter_along)(low_pass, high_pass, row, n, low, high);
}

HWY_EXPORT(filter_along_adjoint);
void filter_along_adjoint(const WaveletTaps &low_pass, const WaveletTaps &high_pass,
                          const float *low, const float *high, int n, float *row) {
  HWY_DYNAMIC_DISPATCH(filter_along_adjoint)(low_pass, high_pass, low, high, n, row);
}

HWY_EXPORT(add_weighted);
void add_weighted(const float *const rows[4], const float weights[4], int n, float *out) {
  HWY_DYNAMIC_DISPATCH(add_weighted)(rows, weights, n, out);
}

HWY_EXPORT(add_additive);
void add_additive(const float *test, const float *reference, float csf, int n, float *additive) {
  HWY_DYNAMIC_DISPATCH(add_additive)(test, reference, csf, n, additive);
}

HWY_EXPORT(masking_threshold);
void masking_threshold(const float *above, const float *row, const float *below, int n,
                       float *threshold) {
  HWY_DYNAMIC_DISPATCH(masking_threshold)(above, row, below, n, threshold);
}

HWY_EXPORT(mask_contrast);
double mask_contrast(const float *test, const float *reference, float csf, const float *threshold,
                     int n, float *squares) {
  return HWY_DYNAMIC_DISPATCH(mask_contrast)(test, reference, csf, threshold, n, squares);
}

HWY_EXPORT(mask_contrast_adjoint);
void mask_contrast_adjoint(float factor, int n, float *squares, float *by_threshold) {
  HWY_DYNAMIC_DISPATCH(mask_contrast_adjoint)(factor, n, squares, by_threshold);
}

HWY_EXPORT(decouple_adjoint);
void decouple_adjoint(const float *reference, const float *by_restored, const float *by_additive,
                      float csf, int n, float *test) {
  HWY_DYNAMIC_DISPATCH(decouple_adjoint)(reference, by_restored, by_additive, csf, n, test);
}

}  // namespace hcd::cpu
#endif
