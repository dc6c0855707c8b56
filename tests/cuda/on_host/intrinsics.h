// SPDX-License-Identifier: BSD-2-Clause
// CUDA's functions of one thread, with the device's results to the bit.
#pragma once

#include <math.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "on_host/vector_types.h"

// ---- arithmetic, rounded to nearest even, never fused (this is compiled with -ffp-contract=off)
// ----

inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline double __fma_rn(double a, double b, double c) { return __builtin_fma(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline float __saturatef(float a) { return a > 0 ? (a < 1 ? a : 1) : 0; }  // NaN: 0

// As CUDA's: numbers of two types become one of the common type.
template <typename A, typename B>
std::common_type_t<A, B> min(A a, B b) {
  using T = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<T>) return T(a) < T(b) || b != b ? T(a) : T(b);
  return T(a) < T(b) ? T(a) : T(b);
}
template <typename A, typename B>
std::common_type_t<A, B> max(A a, B b) {
  using T = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<T>) return T(a) > T(b) || b != b ? T(a) : T(b);
  return T(a) > T(b) ? T(a) : T(b);
}

// ---- conversions: the nearest integer there is; NaN: 0 ----

namespace hcd::cuda_on_host {
template <typename T, typename F>
T saturated(F whole) {
  using Limits = std::numeric_limits<T>;
  if (whole != whole) return 0;
  if (double(whole) <= double(Limits::min())) return Limits::min();
  if (double(whole) >= double(Limits::max())) return Limits::max();
  return T(whole);
}
template <typename To, typename From>
To bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}
}  // namespace hcd::cuda_on_host

inline int __float2int_rn(float a) { return hcd::cuda_on_host::saturated<int>(rintf(a)); }
inline int __float2int_rz(float a) { return hcd::cuda_on_host::saturated<int>(truncf(a)); }
inline int __float2int_rd(float a) { return hcd::cuda_on_host::saturated<int>(floorf(a)); }
inline unsigned __float2uint_rn(float a) {
  return hcd::cuda_on_host::saturated<unsigned>(rintf(a));
}
inline unsigned __float2uint_rz(float a) {
  return hcd::cuda_on_host::saturated<unsigned>(truncf(a));
}
inline int __double2int_rn(double a) { return hcd::cuda_on_host::saturated<int>(rint(a)); }
inline float __int2float_rn(int a) { return float(a); }
inline float __uint2float_rn(unsigned a) { return float(a); }
inline float __double2float_rn(double a) { return float(a); }
inline int __float_as_int(float a) { return hcd::cuda_on_host::bits<int>(a); }
inline unsigned __float_as_uint(float a) { return hcd::cuda_on_host::bits<unsigned>(a); }
inline float __int_as_float(int a) { return hcd::cuda_on_host::bits<float>(a); }
inline float __uint_as_float(unsigned a) { return hcd::cuda_on_host::bits<float>(a); }

// ---- bits ----

inline int __popc(unsigned a) { return __builtin_popcount(a); }
inline int __clz(int a) { return a == 0 ? 32 : __builtin_clz(unsigned(a)); }
inline int __ffs(int a) { return __builtin_ffs(a); }

// ---- dot products of bytes, added to c modulo 2^32 ----

namespace hcd::cuda_on_host {
// `n` elements: of A in a, and of B in b from byte `from` on.
template <typename A, typename B, typename Sum>
Sum dot(int n, unsigned a, unsigned b, int from, Sum c) {
  unsigned sum = unsigned(c);
  for (int i = 0; i < n; ++i) {
    A in_a;
    B in_b;
    std::memcpy(&in_a, reinterpret_cast<const char *>(&a) + i * int(sizeof(A)), sizeof(A));
    std::memcpy(&in_b, reinterpret_cast<const char *>(&b) + from + i * int(sizeof(B)), sizeof(B));
    sum += unsigned(int(in_a) * int(in_b));
  }
  return Sum(sum);
}
}  // namespace hcd::cuda_on_host

inline int __dp4a(int a, int b, int c) {
  return hcd::cuda_on_host::dot<int8_t, int8_t>(4, unsigned(a), unsigned(b), 0, c);
}
inline unsigned __dp4a(unsigned a, unsigned b, unsigned c) {
  return hcd::cuda_on_host::dot<uint8_t, uint8_t>(4, a, b, 0, c);
}
inline int __dp4a(char4 a, char4 b, int c) {
  return __dp4a(hcd::cuda_on_host::bits<int>(a), hcd::cuda_on_host::bits<int>(b), c);
}
inline unsigned __dp4a(uchar4 a, uchar4 b, unsigned c) {
  return __dp4a(hcd::cuda_on_host::bits<unsigned>(a), hcd::cuda_on_host::bits<unsigned>(b), c);
}
inline int __dp2a_lo(int a, int b, int c) {
  return hcd::cuda_on_host::dot<int16_t, int8_t>(2, unsigned(a), unsigned(b), 0, c);
}
inline int __dp2a_hi(int a, int b, int c) {
  return hcd::cuda_on_host::dot<int16_t, int8_t>(2, unsigned(a), unsigned(b), 2, c);
}
inline unsigned __dp2a_lo(unsigned a, unsigned b, unsigned c) {
  return hcd::cuda_on_host::dot<uint16_t, uint8_t>(2, a, b, 0, c);
}
inline unsigned __dp2a_hi(unsigned a, unsigned b, unsigned c) {
  return hcd::cuda_on_host::dot<uint16_t, uint8_t>(2, a, b, 2, c);
}

// ---- memory ----

template <typename T>
T __ldg(const T *address) {
  return *address;
}
inline void __threadfence() {}
inline void __threadfence_block() {}

// One thread of the host runs all: nothing comes between.
template <typename T>
T atomicAdd(T *address, std::type_identity_t<T> value) {
  const T old = *address;
  *address = old + value;
  return old;
}
template <typename T>
T atomicMax(T *address, std::type_identity_t<T> value) {
  const T old = *address;
  if (value > old) *address = value;
  return old;
}
template <typename T>
T atomicMin(T *address, std::type_identity_t<T> value) {
  const T old = *address;
  if (value < old) *address = value;
  return old;
}
