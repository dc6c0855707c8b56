// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/conv16_row.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "engine/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/conv16_row.cpp"
#include <hwy/foreach_target.h>

#include "engine/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hcd::cpu::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

// Without vectors: sums of eight lanes as eight numbers.
struct Sums {
  int32_t v[kLanes];
};
struct Pairs {
  int16_t v[2 * kLanes];
};

HWY_INLINE Sums load_sums(const int32_t *p) {
  Sums sums;
  std::memcpy(sums.v, p, sizeof(sums.v));
  return sums;
}
HWY_INLINE Pairs load_pairs(const int16_t *p) {
  Pairs pairs;
  std::memcpy(pairs.v, p, sizeof(pairs.v));
  return pairs;
}
HWY_INLINE Pairs repeat_pair(const int16_t *p) {
  Pairs pairs;
  for (int l = 0; l < 2 * kLanes; ++l) pairs.v[l] = p[l % 2];
  return pairs;
}
HWY_INLINE void add_products(const Pairs &a, const Pairs &b, Sums &sums) {
  for (int l = 0; l < kLanes; ++l) {
    sums.v[l] += a.v[2 * l] * b.v[2 * l] + a.v[2 * l + 1] * b.v[2 * l + 1];
  }
}
HWY_INLINE void to_numbers(const Sums &sums, int32_t *to) {
  std::memcpy(to, sums.v, sizeof(sums.v));
}
HWY_INLINE void store_activated(const Sums &sums, int shift, float leak, int16_t *out) {
  for (int l = 0; l < kLanes; ++l) {
    const int32_t v = sums.v[l] >> shift;
    const int32_t leaked = static_cast<int32_t>(std::lrint(static_cast<float>(v) * leak));
    out[l] = static_cast<int16_t>(std::clamp<int32_t>(v > 0 ? v : leaked, -32768, 32767));
  }
}
HWY_INLINE void store_floats(const Sums &sums, float unit, float *out) {
  for (int l = 0; l < kLanes; ++l) out[l] = static_cast<float>(sums.v[l]) * unit;
}

#else

using Tag32 = hn::RebindToSigned<Tag>;
using Tag16 = hn::Repartition<int16_t, Tag>;
using Vec32 = hn::Vec<Tag32>;

// Sums of eight lanes. Some machines keep two parts of them.
struct Sums {
  Vec32 v[kVecs], odd[kVecs];
};
struct Pairs {
  hn::Vec<Tag16> v[kVecs];
};

// A bias comes first: last, GCC makes all products of a step before it adds one, and spills.
HWY_INLINE Sums load_sums(const int32_t *p) {
  Sums sums;
  for (int i = 0; i < kVecs; ++i) {
    const Vec32 bias = hn::LoadU(Tag32(), p + i * kPerVec), zero = hn::Zero(Tag32());
#if HWY_ARCH_ARM  // each lane becomes the sum of a pair
    sums.v[i] = hn::InterleaveLower(Tag32(), bias, zero);
    sums.odd[i] = hn::InterleaveUpper(Tag32(), bias, zero);
#else
    sums.v[i] = bias;
    sums.odd[i] = zero;
#endif
  }
  return sums;
}
HWY_INLINE Pairs load_pairs(const int16_t *p) {
  Pairs pairs;
  for (int i = 0; i < kVecs; ++i) pairs.v[i] = hn::LoadU(Tag16(), p + 2 * i * kPerVec);
  return pairs;
}
HWY_INLINE Pairs repeat_pair(const int16_t *p) {
  int32_t both;
  std::memcpy(&both, p, sizeof(both));
  Pairs pairs;
  for (auto &v : pairs.v) v = hn::BitCast(Tag16(), hn::Set(Tag32(), both));
  return pairs;
}
HWY_INLINE void add_products(const Pairs &a, const Pairs &b, Sums &sums) {
  for (int i = 0; i < kVecs; ++i) {
    sums.v[i] = hn::ReorderWidenMulAccumulate(Tag32(), a.v[i], b.v[i], sums.v[i], sums.odd[i]);
  }
}
HWY_INLINE Vec32 whole(const Sums &sums, int i) {
  return hn::RearrangeToOddPlusEven(sums.v[i], sums.odd[i]);
}
HWY_INLINE void to_numbers(const Sums &sums, int32_t *to) {
  for (int i = 0; i < kVecs; ++i) hn::StoreU(whole(sums, i), Tag32(), to + i * kPerVec);
}
HWY_INLINE void store_activated(const Sums &sums, int shift, float leak, int16_t *out) {
  const hn::Rebind<int16_t, Tag32> narrow;
  for (int i = 0; i < kVecs; ++i) {
    const Vec32 v = hn::ShiftRightSame(whole(sums, i), shift);
    const Vec32 leaked = hn::NearestInt(hn::Mul(hn::ConvertTo(Tag(), v), hn::Set(Tag(), leak)));
    hn::StoreU(hn::DemoteTo(narrow, hn::IfThenElse(hn::Gt(v, hn::Zero(Tag32())), v, leaked)),
               narrow, out + i * kPerVec);
  }
}
HWY_INLINE void store_floats(const Sums &sums, float unit, float *out) {
  for (int i = 0; i < kVecs; ++i) {
    hn::StoreU(hn::Mul(hn::ConvertTo(Tag(), whole(sums, i)), hn::Set(Tag(), unit)), Tag(),
               out + i * kPerVec);
  }
}

#endif

// `Pixels` pixels from x on, `Vectors` groups of channels from `channel` on.
template <int Pixels, int Vectors>
HWY_INLINE void wide_block(const Conv16Row &t, const int16_t *weights, int channel, int x) {
  Sums sums[Pixels * Vectors];
  unroll<Pixels * Vectors>(
      [&](auto i) HCD_INLINE { sums[i] = load_sums(t.bias + channel + i % Vectors * kLanes); });
  for (int k = 0; k < t.kernel; ++k) {
    const int16_t *in = t.rows[k];
    if (!in) {
      weights += static_cast<ptrdiff_t>(t.steps) * Vectors * kLanes;
      continue;
    }
    in += static_cast<ptrdiff_t>(x) * t.pixel;
    for (int i = 0; i < t.steps; i += 2, in += 2, weights += 2 * Vectors * kLanes) {
      Pairs w[Vectors];
      unroll<Vectors>([&](auto v) HCD_INLINE { w[v] = load_pairs(weights + 2 * v * kLanes); });
      unroll<Pixels>([&](auto p) HCD_INLINE {
        const Pairs value = repeat_pair(in + p * t.pixel);
        unroll<Vectors>([&](auto v)
                            HCD_INLINE { add_products(value, w[v], sums[p * Vectors + v]); });
      });
    }
  }
  unroll<Pixels * Vectors>([&](auto i) HCD_INLINE {
    const ptrdiff_t at =
        static_cast<ptrdiff_t>(x + i / Vectors) * t.out_pixel + channel + i % Vectors * kLanes;
    if (t.out) {
      store_activated(sums[i], t.shift, t.leak, t.out + at);
    } else {
      store_floats(sums[i], t.unit, t.values + at);
    }
  });
}

template <int Pixels, int Vectors>
HWY_INLINE void wide_row(const Conv16Row &t, const int16_t *weights, int channel) {
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

void convolve16_wide(const Conv16Row &t) {
  const ptrdiff_t block = static_cast<ptrdiff_t>(t.kernel) * t.steps * kLanes;
  const int16_t *weights = t.weights;
  int channel = 0;
  for (; channel + 2 * kLanes <= t.out_pixel; channel += 2 * kLanes, weights += 2 * block) {
    wide_row<5, 2>(t, weights, channel);
  }
  if (channel < t.out_pixel) wide_row<8, 1>(t, weights, channel);
}

template <int Pixels, int Channels>
HWY_INLINE void narrow_block(const Conv16Row &t, int x) {
  Sums sums[Pixels * Channels];
  unroll<Pixels * Channels>(
      [&](auto i) HCD_INLINE { sums[i] = load_sums(t.bias + i % Channels * kLanes); });
  const int16_t *weights = t.weights;
  for (int k = 0; k < t.kernel; ++k) {
    const int16_t *in = t.rows[k];
    if (!in) {
      weights += static_cast<ptrdiff_t>(t.steps) * Channels;
      continue;
    }
    in += static_cast<ptrdiff_t>(x) * t.pixel;
    for (int i = 0; i < t.steps;
         i += 2 * kLanes, in += 2 * kLanes, weights += 2 * Channels * kLanes) {
      Pairs v[Pixels];
      unroll<Pixels>([&](auto p) HCD_INLINE { v[p] = load_pairs(in + p * t.pixel); });
      unroll<Channels>([&](auto c) HCD_INLINE {
        const Pairs w = load_pairs(weights + 2 * c * kLanes);
        unroll<Pixels>([&](auto p) HCD_INLINE { add_products(v[p], w, sums[p * Channels + c]); });
      });
    }
  }
  unroll<Pixels * Channels>([&](auto i) HCD_INLINE {
    int32_t parts[kLanes];
    to_numbers(sums[i], parts);
    int32_t sum = 0;
    for (const int32_t part : parts) sum += part;
    t.values[static_cast<ptrdiff_t>(x) * Channels + i] = static_cast<float>(sum) * t.unit;
  });
}

template <int Pixels, int Channels>
HWY_INLINE void narrow_row(const Conv16Row &t) {
  int x = 0;
  for (; x + Pixels <= t.width; x += Pixels) narrow_block<Pixels, Channels>(t, x);
  for (; x < t.width; ++x) narrow_block<1, Channels>(t, x);
}

void convolve16_narrow(const Conv16Row &t) {
  if (t.out_pixel == 1) {
    narrow_row<8, 1>(t);
  } else {
    narrow_row<2, 4>(t);
  }
}

// The compiler finds the vectors by itself.
void to_int16(const float *in, float scale, int n, int16_t *out) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23
  for (int i = 0; i < n; ++i) {
    const float inside = std::min(std::max(-32768.0F, in[i] * scale), 32767.0F);
    out[i] = static_cast<int16_t>(static_cast<int32_t>((inside + kRound) - kRound));
  }
}

// The compiler does not find these: one compare for eight values, and its mask.
void signs16_of(const int16_t *values, int n, uint8_t *bits) {
  using Eight = hn::CappedTag<int16_t, 8>;
  constexpr int kAtOnce = static_cast<int>(hn::MaxLanes(Eight()));
  for (int i = 0; i < n; i += 8, ++bits) {
    int16_t last[8] = {};
    const int16_t *from = values + i;
    if (n - i < 8) {
      std::memcpy(last, from, static_cast<size_t>(n - i) * sizeof(int16_t));
      from = last;
    }
    uint8_t byte = 0;
    for (int k = 0; k < 8; k += kAtOnce) {
      uint8_t part[8];
      hn::StoreMaskBits(Eight(), hn::Gt(hn::LoadU(Eight(), from + k), hn::Zero(Eight())), part);
      byte = static_cast<uint8_t>(byte | part[0] << k);
    }
    *bits = byte;
  }
}

}  // namespace hcd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hcd::cpu {

HWY_EXPORT(convolve16_wide);
void convolve_wide(const Conv16Row &row) { HWY_DYNAMIC_DISPATCH(convolve16_wide)(row); }

HWY_EXPORT(convolve16_narrow);
void convolve_narrow(const Conv16Row &row) { HWY_DYNAMIC_DISPATCH(convolve16_narrow)(row); }

HWY_EXPORT(to_int16);
void to_int16(const float *in, float scale, int n, int16_t *out) {
  HWY_DYNAMIC_DISPATCH(to_int16)(in, scale, n, out);
}

HWY_EXPORT(signs16_of);
void signs_of(const int16_t *values, int n, uint8_t *bits) {
  HWY_DYNAMIC_DISPATCH(signs16_of)(values, n, bits);
}

}  // namespace hcd::cpu
#endif
