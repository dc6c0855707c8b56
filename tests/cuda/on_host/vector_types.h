// SPDX-License-Identifier: BSD-2-Clause
// CUDA's vector types, with its alignments.
#pragma once

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};

#define HCD_VECTORS(T, name, align2, align4)                 \
  struct alignas(align2) name##2 {                           \
    T x, y;                                                  \
  };                                                         \
  struct alignas(align4) name##4 {                           \
    T x, y, z, w;                                            \
  };                                                         \
  inline name##2 make_##name##2(T x, T y) { return {x, y}; } \
  inline name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }
HCD_VECTORS(signed char, char, 2, 4)
HCD_VECTORS(unsigned char, uchar, 2, 4)
HCD_VECTORS(short, short, 4, 8)
HCD_VECTORS(unsigned short, ushort, 4, 8)
HCD_VECTORS(int, int, 8, 16)
HCD_VECTORS(unsigned, uint, 8, 16)
HCD_VECTORS(float, float, 8, 16)
HCD_VECTORS(double, double, 16, 16)
#undef HCD_VECTORS
