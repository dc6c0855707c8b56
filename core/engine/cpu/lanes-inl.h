// SPDX-License-Identifier: BSD-2-Clause
// Eight floats at a time on every instruction set: one vector of AVX, two of SSE or NEON, eight
// floats where there are none. What is fused is said by mul_add() and its like alone (the compiler
// is told not to contract), so that machines with fused arithmetic agree to the bit; the others
// differ in rounding. Read once for each instruction set: see Highway's foreach_target.h.
#include "engine/cpu/targets.h"

#if defined(HCD_ENGINE_CPU_LANES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef HCD_ENGINE_CPU_LANES_INL_H
#undef HCD_ENGINE_CPU_LANES_INL_H
#else
#define HCD_ENGINE_CPU_LANES_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstring>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace hcd::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Of a lambda, behind its parameters.
#undef HCD_INLINE
#define HCD_INLINE HWY_ATTR __attribute__((always_inline))

constexpr int kLanes = 8;
using Tag = hn::CappedTag<float, kLanes>;
using Vec = hn::Vec<Tag>;
constexpr int kPerVec = static_cast<int>(hn::MaxLanes(Tag())), kVecs = kLanes / kPerVec;

struct Lanes {
  Vec v[kVecs];
};

// Written out for each vector: an array that a loop runs over might lie in memory.
using Vecs = std::make_index_sequence<kVecs>;

template <size_t I, typename Op, typename... Args>
HWY_INLINE Vec one(const Op &op, const Args &...args) {
  return op(args.v[I]...);
}
template <size_t... I, typename Op, typename... Args>
HWY_INLINE Lanes all(std::index_sequence<I...>, const Op &op, const Args &...args) {
  return {{one<I>(op, args...)...}};
}
template <typename Op, typename... Args>
HWY_INLINE Lanes each(const Op &op, const Args &...args) {
  return all(Vecs(), op, args...);
}

template <size_t... I>
HWY_INLINE Lanes load(const float *p, std::index_sequence<I...>) {
  return {{hn::LoadU(Tag(), p + I * kPerVec)...}};
}
HWY_INLINE Lanes load(const float *p) { return load(p, Vecs()); }

template <size_t... I>
HWY_INLINE void store(const Lanes &a, float *p, std::index_sequence<I...>) {
  (hn::StoreU(a.v[I], Tag(), p + I * kPerVec), ...);
}
HWY_INLINE void store(const Lanes &a, float *p) { store(a, p, Vecs()); }

template <size_t... I>
HWY_INLINE Lanes set(float value, std::index_sequence<I...>) {
  return {{((void)I, hn::Set(Tag(), value))...}};
}
HWY_INLINE Lanes set(float value) { return set(value, Vecs()); }
HWY_INLINE Lanes zeros() { return set(0); }

HWY_INLINE Lanes operator+(const Lanes &a, const Lanes &b) {
  return each([](Vec x, Vec y) HCD_INLINE { return hn::Add(x, y); }, a, b);
}
HWY_INLINE Lanes operator-(const Lanes &a, const Lanes &b) {
  return each([](Vec x, Vec y) HCD_INLINE { return hn::Sub(x, y); }, a, b);
}
HWY_INLINE Lanes operator*(const Lanes &a, const Lanes &b) {
  return each([](Vec x, Vec y) HCD_INLINE { return hn::Mul(x, y); }, a, b);
}
HWY_INLINE Lanes operator/(const Lanes &a, const Lanes &b) {
  return each([](Vec x, Vec y) HCD_INLINE { return hn::Div(x, y); }, a, b);
}
HWY_INLINE Lanes operator-(const Lanes &a) {
  return each([](Vec x) HCD_INLINE { return hn::Neg(x); }, a);
}
HWY_INLINE Lanes abs(const Lanes &a) {
  return each([](Vec x) HCD_INLINE { return hn::Abs(x); }, a);
}

// a b + c, a b - c and c - a b, rounded once where the machine can.
HWY_INLINE Lanes mul_add(const Lanes &a, const Lanes &b, const Lanes &c) {
  return each([](Vec x, Vec y, Vec z) HCD_INLINE { return hn::MulAdd(x, y, z); }, a, b, c);
}
HWY_INLINE Lanes mul_sub(const Lanes &a, const Lanes &b, const Lanes &c) {
  return each([](Vec x, Vec y, Vec z) HCD_INLINE { return hn::MulSub(x, y, z); }, a, b, c);
}
HWY_INLINE Lanes neg_mul_add(const Lanes &a, const Lanes &b, const Lanes &c) {
  return each([](Vec x, Vec y, Vec z) HCD_INLINE { return hn::NegMulAdd(x, y, z); }, a, b, c);
}

HWY_INLINE Lanes min(const Lanes &a, const Lanes &b) {
  return each([](Vec x, Vec y) HCD_INLINE { return hn::Min(x, y); }, a, b);
}
HWY_INLINE Lanes max(const Lanes &a, const Lanes &b) {
  return each([](Vec x, Vec y) HCD_INLINE { return hn::Max(x, y); }, a, b);
}
// NaN stays NaN: of two operands x86 gives the second, if either is one.
HWY_INLINE Lanes clamp(const Lanes &a, const Lanes &low, const Lanes &high) {
  return min(high, max(low, a));
}

// Lane by lane: a < b ? yes : no, and a == b ? yes : no.
HWY_INLINE Lanes if_less(const Lanes &a, const Lanes &b, const Lanes &yes, const Lanes &no) {
  return each([](Vec x, Vec y, Vec p, Vec q)
                  HCD_INLINE { return hn::IfThenElse(hn::Lt(x, y), p, q); },
              a, b, yes, no);
}
HWY_INLINE Lanes if_equal(const Lanes &a, const Lanes &b, const Lanes &yes, const Lanes &no) {
  return each([](Vec x, Vec y, Vec p, Vec q)
                  HCD_INLINE { return hn::IfThenElse(hn::Eq(x, y), p, q); },
              a, b, yes, no);
}

// parts[q][l] = p[N l + q], and back.
template <int N>
HWY_INLINE void load_apart(const float *p, Lanes *parts) {
  for (int i = 0; i < kVecs; ++i, p += N * kPerVec) {
    if constexpr (N == 2) {
      hn::LoadInterleaved2(Tag(), p, parts[0].v[i], parts[1].v[i]);
    } else {
      static_assert(N == 4);
      hn::LoadInterleaved4(Tag(), p, parts[0].v[i], parts[1].v[i], parts[2].v[i], parts[3].v[i]);
    }
  }
}
template <int N>
HWY_INLINE void store_woven(const Lanes *parts, float *p) {
  for (int i = 0; i < kVecs; ++i, p += N * kPerVec) {
    if constexpr (N == 1) {
      hn::StoreU(parts[0].v[i], Tag(), p);
    } else if constexpr (N == 2) {
      hn::StoreInterleaved2(parts[0].v[i], parts[1].v[i], Tag(), p);
    } else {
      static_assert(N == 4);
      hn::StoreInterleaved4(parts[0].v[i], parts[1].v[i], parts[2].v[i], parts[3].v[i], Tag(), p);
    }
  }
}

// The eight samples from x on of rows that have them.
struct Whole {
  int x;

  HWY_INLINE Lanes load(const float *row) const { return HWY_NAMESPACE::load(row + x); }
  HWY_INLINE void store(const Lanes &a, float *row) const { HWY_NAMESPACE::store(a, row + x); }
  // Samples 2 x, 2 x + 2, ... and 2 x + 1, 2 x + 3, ...
  HWY_INLINE void load_pairs(const float *row, Lanes &even, Lanes &odd) const {
    for (int i = 0; i < kVecs; ++i) {
      hn::LoadInterleaved2(Tag(), row + 2 * (x + i * kPerVec), even.v[i], odd.v[i]);
    }
  }
  HWY_INLINE void store_pairs(const Lanes &even, const Lanes &odd, float *row) const {
    for (int i = 0; i < kVecs; ++i) {
      hn::StoreInterleaved2(even.v[i], odd.v[i], Tag(), row + 2 * (x + i * kPerVec));
    }
  }
};

// The last n < 8; the lanes behind them are zeros.
struct Part {
  int x, n;

  HWY_INLINE Lanes load(const float *row) const {
    float samples[kLanes] = {};
    std::memcpy(samples, row + x, bytes());
    return HWY_NAMESPACE::load(samples);
  }
  HWY_INLINE void store(const Lanes &a, float *row) const {
    float samples[kLanes];
    HWY_NAMESPACE::store(a, samples);
    std::memcpy(row + x, samples, bytes());
  }
  HWY_INLINE void load_pairs(const float *row, Lanes &even, Lanes &odd) const {
    float samples[2 * kLanes] = {};
    std::memcpy(samples, row + 2 * x, 2 * bytes());
    Whole{0}.load_pairs(samples, even, odd);
  }
  HWY_INLINE void store_pairs(const Lanes &even, const Lanes &odd, float *row) const {
    float samples[2 * kLanes];
    Whole{0}.store_pairs(even, odd, samples);
    std::memcpy(row + 2 * x, samples, 2 * bytes());
  }

 private:
  HWY_INLINE size_t bytes() const { return static_cast<size_t>(n) * sizeof(float); }
};

// function(i) for i < N, each i a constant: an array that is indexed so lies in registers.
template <typename Function, int... I>
HWY_INLINE void unroll(const Function &function, std::integer_sequence<int, I...>) {
  (function(std::integral_constant<int, I>()), ...);
}
template <int N, typename Function>
HWY_INLINE void unroll(const Function &function) {
  unroll(function, std::make_integer_sequence<int, N>());
}

// function(at) for all samples of rows of n, eight by eight: at.load(row), at.store(value, row).
template <typename Function>
HWY_INLINE void for_lanes(int n, const Function &function) {
  int x = 0;
  for (; x + kLanes <= n; x += kLanes) function(Whole{x});
  if (x < n) function(Part{x, n - x});
}

// work.run<Count>(at) for `Count` groups of eight: as many at a time as hide the latency of the
// sums.
template <typename Work>
HWY_INLINE void for_groups(int lanes, const Work &work) {
  int l = 0;
  for (; l + 4 * kLanes <= lanes; l += 4 * kLanes) work.template run<4>(Whole{l});
  for (; l + 2 * kLanes <= lanes; l += 2 * kLanes) work.template run<2>(Whole{l});
  for (; l + kLanes <= lanes; l += kLanes) work.template run<1>(Whole{l});
  if (l < lanes) work.template run<1>(Part{l, lanes - l});
}

// for_lanes() for sums in lanes: the last n < 8 samples one by one, each added to the first lane.
template <typename Function>
HWY_INLINE void sum_for_lanes(int n, const Function &function) {
  int x = 0;
  for (; x + kLanes <= n; x += kLanes) function(Whole{x});
  for (; x < n; ++x) function(Part{x, 1});
}

// Sum of the lanes, always in the same order.
HWY_INLINE double sum_lanes(const Lanes &a) {
  float lanes[kLanes];
  store(a, lanes);
  double sum = 0;
  for (const float lane : lanes) sum += static_cast<double>(lane);
  return sum;
}

}  // namespace hcd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
