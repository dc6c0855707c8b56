// SPDX-License-Identifier: BSD-2-Clause
// Arithmetic on rows of n floats, in the machine's best instruction set. A result has the same bits
// wherever its operands lie. Rows that are written do not overlap others, except where they are the
// same.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/engine.h"

namespace hcd::cpu {

double dot_row(const float *a, const float *b, int n);

// y += a x
void axpy_row(float a, const float *x, float *y, int n);

// y = x + b y
void xpby_row(const float *x, float b, float *y, int n);

// z = x + y
void add_row(const float *x, const float *y, float *z, int n);

// z = x - y
void subtract_row(const float *x, const float *y, float *z, int n);

// Clips in place; whether a value was outside.
bool clip_row(float *values, image::Range range, int n);

bool all_finite(const float *values, int n);

// The least and the greatest of a[x], b[x] and c[x].
void range_of_rows(const float *a, const float *b, const float *c, int n, float *low, float *high);

// What a row that a viewer sees is compared with.
struct MixTarget {
  const float *y, *low, *high;
  image::Range shown;  // at its ends and beyond the row has been clipped
};

// slope = error (shown - y) + excess (amount outside [low, high]) + detail slope, 0 where the row
// has been clipped. Returns the sum of error (shown - y)^2 + excess (amount)^2.
double mix_row(const float *shown, const MixTarget &target, const MixWeights &factors, int n,
               float *slope);

// One bit for each of n values, 8 to a byte: whether it is above 0. What is behind them is 0.
void signs_of(const float *values, int n, uint8_t *bits);
// 1 for each bit that is set, 0 for the others.
void values_of(const uint8_t *bits, int n, float *values);

// out[x scale + d] = row[x pixel + d] + phases[d width + x], for d < scale.
void join_phases(const float *row, int pixel, const float *phases, int width, int scale,
                 float *out);

// Samples of frames. Code values are those of a depth, floats on the 8-bit scale: code / scale.
// `step` is what samples are apart, 1 or 2; `shift` are the empty bits below a code value.
struct CodeRow {
  float scale = 1;
  int shift = 0, step = 1;
};
void unpack_row(const uint8_t *in, const CodeRow &codes, float *out, int n);
void unpack_row(const uint16_t *in, const CodeRow &codes, float *out, int n);

// Rounded to code values, ties to even, inside `range` (of code values).
void pack_row(const float *in, image::Range range, const CodeRow &codes, uint8_t *out, int n);
void pack_row(const float *in, image::Range range, const CodeRow &codes, uint16_t *out, int n);

// What unpack_row() gives after pack_row(), in place.
void quantise_row(float *values, image::Range range, float scale, int n);

// Sum of the squared differences between `shown`, rounded to code values in [0, top], and `truth`,
// in code values.
double shown_row_error(const float *shown, const float *truth, float scale, float top, int n);

}  // namespace hcd::cpu
