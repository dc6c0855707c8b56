// SPDX-License-Identifier: BSD-2-Clause
// Arithmetic on rows of n floats, in the machine's best instruction set. A result has the same bits
// wherever its operands lie. Rows that are written do not overlap others, except where they are the
// same.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hcd::cpu {

double dot_row(const float *a, const float *b, int n);

// y += a x
void axpy_row(float a, const float *x, float *y, int n);

// y = x + b y
void xpby_row(const float *x, float b, float *y, int n);

// out = the sum of weights[t] * rows[t], t in order.
void weigh_rows(const float *weights, const float *const *rows, int taps, int n, float *out);

// z = x - y
void subtract_row(const float *x, const float *y, float *z, int n);

bool all_finite(const float *values, int n);

// One bit for each of n values, 8 to a byte: whether it is above 0. What is behind them is 0.
void signs_of(const float *values, int n, uint8_t *bits);
// 1 for each bit that is set, 0 for the others.
void values_of(const uint8_t *bits, int n, float *values);

// out[x scale + d] = row[x pixel + d] + phases[d width + x], for d < scale.
void join_phases(const float *row, int pixel, const float *phases, int width, int scale,
                 float *out);

}  // namespace hcd::cpu
