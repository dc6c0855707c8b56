// SPDX-License-Identifier: BSD-2-Clause
// One row of a convolution of whole numbers of 16 bits, its pixels side by side with their channels
// together: twice the products of float32 in an instruction, and the same bits on every machine.
#pragma once

#include <cstdint>

#include "engine/cpu/conv_row.h"

namespace hcd::cpu {

// A sum is that of `bias` and the products; no sum may leave 32 bits, in any order.
struct Conv16Row {
  const int16_t *const *rows;  // [kernel], each the first tap of the first pixel; nullptr: zeros
  int kernel, steps;           // rows of taps; values of a row's taps, an even number
  int pixel, out_pixel;        // values from pixel to pixel; `pixel` may be odd
  int width;
  const int16_t *weights;
  const int32_t *bias;  // [out_pixel]; convolve_narrow(): see there
  int shift;            // a value that comes out, kept in 16 bits: v = sum >> shift,
  float leak;           // v > 0 ? v : v leak rounded (ties to even)
  int16_t *out;         // nullptr: floats come out,
  float *values;        // unit * sum
  float unit;
};

// The lanes are the channels that come out, `out_pixel` a multiple of 8. Weights: for blocks of 16
// channels, then one of 8, [kernel][steps / 2][channels][2].
void convolve_wide(const Conv16Row &row);

// One channel comes out, or four, as floats: the lanes are the inputs' channels, `pixel` a multiple
// of 16. Weights: [kernel][steps / 16][channels][16]; biases: [channels][8], of which eight add up.
void convolve_narrow(const Conv16Row &row);

// out = in * scale, rounded (ties to even) and kept in 16 bits.
void to_int16(const float *in, float scale, int n, int16_t *out);

// See row_ops.h.
void signs_of(const int16_t *values, int n, uint8_t *bits);

}  // namespace hcd::cpu
