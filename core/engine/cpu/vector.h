// SPDX-License-Identifier: BSD-2-Clause
// Eight floats at a time, compiled for several instruction sets.
#pragma once

// One machine code per generation of x86-64, chosen when the program loads. The results of one
// machine do not depend on anything else; those of different machines may differ in rounding.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define HCD_MULTIARCH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HCD_MULTIARCH
#endif

namespace hcd {

// Not more than AVX2 has: what is wider than the machine's registers goes through memory at each
// step.
inline constexpr int kLanes = 8;
typedef float Vec __attribute__((vector_size(32)));
typedef float UnalignedVec __attribute__((vector_size(32), aligned(4), may_alias));

// By reference and inlined everywhere: vectors passed by value would fix one calling convention.
[[gnu::always_inline]] inline void load(Vec &v, const float *p) {
  v = *reinterpret_cast<const UnalignedVec *>(p);
}
[[gnu::always_inline]] inline void store(float *p, const Vec &v) {
  *reinterpret_cast<UnalignedVec *>(p) = v;
}

// Sum of value(x), a float, for 0 <= x < n: one sum for each lane, in floats, then their sum.
template <typename Value>
[[gnu::always_inline]] inline double sum_in_lanes(int n, const Value &value) {
  float sums[kLanes] = {};
  int x = 0;
  for (; x + kLanes <= n; x += kLanes) {
    for (int i = 0; i < kLanes; ++i) sums[i] += value(x + i);
  }
  for (; x < n; ++x) sums[0] += value(x);
  double sum = 0;
  for (const float lane : sums) sum += static_cast<double>(lane);
  return sum;
}

// Sum of the lanes, always in the same order.
[[gnu::always_inline]] inline double sum_lanes(const Vec &v) {
  double sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += static_cast<double>(v[i]);
  return sum;
}

}  // namespace hcd
