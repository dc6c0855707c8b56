// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/conv_row.h"

#include <cstddef>

#include "engine/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/conv_row.cpp"
#include <hwy/foreach_target.h>

#include "engine/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hcd::cpu::HWY_NAMESPACE {

static_assert(kLanes == kConvLanes);

HWY_INLINE Lanes activate(const Lanes &v, float slope, const float *gate) {
  const Lanes sign = gate ? load(gate) : v;
  return if_less(zeros(), sign, v, set(slope) * v);
}

// `Pixels` pixels from x on, `Vectors` groups of channels from `channel` on. Twelve sums, the
// weights and one input fill the sixteen registers of AVX2.
template <int Pixels, int Vectors>
HWY_INLINE void wide_block(const ConvRow &t, const float *weights, int channel, int x) {
  Lanes sums[Pixels * Vectors];
  unroll<Pixels * Vectors>(
      [&](auto i) HCD_INLINE { sums[i] = load(t.bias + channel + i % Vectors * kLanes); });
  for (int k = 0; k < t.kernel; ++k) {
    const float *in = t.rows[k];
    if (!in) {
      weights += static_cast<ptrdiff_t>(t.steps) * Vectors * kLanes;
      continue;
    }
    in += static_cast<ptrdiff_t>(x) * t.pixel;
    for (int i = 0; i < t.steps; ++i, ++in, weights += Vectors * kLanes) {
      Lanes w[Vectors];
      unroll<Vectors>([&](auto v) HCD_INLINE { w[v] = load(weights + v * kLanes); });
      unroll<Pixels>([&](auto p) HCD_INLINE {
        const Lanes value = set(in[p * t.pixel]);
        unroll<Vectors>([&](auto v) HCD_INLINE {
          sums[p * Vectors + v] = mul_add(value, w[v], sums[p * Vectors + v]);
        });
      });
    }
  }
  unroll<Pixels * Vectors>([&](auto i) HCD_INLINE {
    const ptrdiff_t at =
        static_cast<ptrdiff_t>(x + i / Vectors) * t.out_pixel + channel + i % Vectors * kLanes;
    store(activate(sums[i], t.slope, t.gate ? t.gate + at : nullptr), t.out + at);
  });
}

template <int Pixels, int Vectors>
HWY_INLINE void wide_row(const ConvRow &t, const float *weights, int channel) {
  int x = 0;
  for (; x + Pixels <= t.width; x += Pixels) {
    wide_block<Pixels, Vectors>(t, weights, channel, x);
  }
  if (x == t.width) return;
  if (t.width >= Pixels) {  // the last ones again, which gives the same
    wide_block<Pixels, Vectors>(t, weights, channel, t.width - Pixels);
  } else {
    for (; x < t.width; ++x) wide_block<1, Vectors>(t, weights, channel, x);
  }
}

void convolve_wide(const ConvRow &t) {
  const ptrdiff_t block = static_cast<ptrdiff_t>(t.kernel) * t.steps * kLanes;
  const float *weights = t.weights;
  int channel = 0;
  for (; channel + 2 * kLanes <= t.out_pixel; channel += 2 * kLanes, weights += 2 * block) {
    wide_row<6, 2>(t, weights, channel);
  }
  if (channel < t.out_pixel) wide_row<12, 1>(t, weights, channel);
}

// Sum of the lanes: halves, quarters, then the last two.
HWY_INLINE float fold(const Lanes &a) {
  float s[kLanes];
  store(a, s);
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

template <int Pixels, int Channels>
HWY_INLINE void narrow_block(const ConvRow &t, int x) {
  Lanes sums[Pixels * Channels];
  unroll<Pixels * Channels>([&](auto i) HCD_INLINE { sums[i] = zeros(); });
  const float *weights = t.weights;
  for (int k = 0; k < t.kernel; ++k) {
    const float *in = t.rows[k];
    if (!in) {
      weights += static_cast<ptrdiff_t>(t.steps) * Channels;
      continue;
    }
    in += static_cast<ptrdiff_t>(x) * t.pixel;
    for (int i = 0; i < t.steps; i += kLanes, in += kLanes, weights += Channels * kLanes) {
      Lanes v[Pixels];
      unroll<Pixels>([&](auto p) HCD_INLINE { v[p] = load(in + p * t.pixel); });
      unroll<Channels>([&](auto c) HCD_INLINE {
        const Lanes w = load(weights + c * kLanes);
        unroll<Pixels>([&](auto p) HCD_INLINE {
          sums[p * Channels + c] = mul_add(v[p], w, sums[p * Channels + c]);
        });
      });
    }
  }
  unroll<Pixels * Channels>([&](auto i) HCD_INLINE {
    const float sum = t.bias[i % Channels] + fold(sums[i]);
    t.out[static_cast<ptrdiff_t>(x) * Channels + i] = sum > 0 ? sum : t.slope * sum;
  });
}

template <int Pixels, int Channels>
HWY_INLINE void narrow_row(const ConvRow &t) {
  int x = 0;
  for (; x + Pixels <= t.width; x += Pixels) narrow_block<Pixels, Channels>(t, x);
  for (; x < t.width; ++x) narrow_block<1, Channels>(t, x);
}

void convolve_narrow(const ConvRow &t) {
  if (t.out_pixel == 1) {
    narrow_row<8, 1>(t);
  } else {
    narrow_row<3, 4>(t);
  }
}

}  // namespace hcd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hcd::cpu {

HWY_EXPORT(convolve_wide);
void convolve_wide(const ConvRow &row) { HWY_DYNAMIC_DISPATCH(convolve_wide)(row); }

HWY_EXPORT(convolve_narrow);
void convolve_narrow(const ConvRow &row) { HWY_DYNAMIC_DISPATCH(convolve_narrow)(row); }

}  // namespace hcd::cpu
#endif
