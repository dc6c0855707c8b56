// SPDX-License-Identifier: BSD-2-Clause
// Sixteen floats at a time, compiled for several instruction sets.
#pragma once

#include <cstdint>
#include <cstring>

// One machine code per generation of x86-64, chosen when the program loads. The results of one
// machine do not depend on anything else; those of different machines may differ in rounding.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define HCD_MULTIARCH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HCD_MULTIARCH
#endif

namespace hcd {

inline constexpr int kLanes = 16;
typedef float Vec __attribute__((vector_size(64)));
typedef int32_t IntVec __attribute__((vector_size(64)));

// By reference and inlined everywhere: vectors passed by value would fix one calling convention.
[[gnu::always_inline]] inline void load(Vec &v, const float *p) { std::memcpy(&v, p, sizeof(v)); }
[[gnu::always_inline]] inline void store(float *p, const Vec &v) { std::memcpy(p, &v, sizeof(v)); }

// Sum of the lanes, always in the same order.
[[gnu::always_inline]] inline double sum_lanes(const Vec &v) {
  double sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += static_cast<double>(v[i]);
  return sum;
}

}  // namespace hcd
