// SPDX-License-Identifier: BSD-2-Clause
// Linear operators on pictures, made of one for each axis: resizing, its adjoint, and the banded
// system that inverts enlarging in the least-squares sense.
#pragma once

#include <vector>

#include "image/kernel.h"

namespace hcd::image {

// ---- one axis ----

// A banded matrix, `out` rows by `in` columns: row i has `taps` weights from column start[i] on.
struct Axis {
  int in = 0, out = 0, taps = 0;
  std::vector<int> start;      // [out], 0 <= start[i] <= in - taps
  std::vector<float> weights;  // [out][taps]

  const float *row(int i) const { return &weights[static_cast<size_t>(i) * taps]; }
  float *row(int i) { return &weights[static_cast<size_t>(i) * taps]; }
};

// How two sample grids lie to each other. A sample sits in its cell at `in_position` or
// `out_position`: 0.5, or 0.25 for left-sited chroma. `ratio`: input cells per output cell.
struct Grid {
  int in, out;
  double ratio, in_position, out_position;
};

// The grid of resizing `in` samples to `out`.
inline Grid resize_grid(int in, int out, double position) {
  return {in, out, static_cast<double>(in) / out, position, position};
}

// Output sample i lies at (i + out_position) * ratio - in_position of the input. Where the ratio is
// above 1 the kernel is stretched by it (antialiasing). The first and last samples continue beyond
// the border; each row sums to 1: FFmpeg's swscale does the same.
Axis resize_axis(const Kernel &kernel, const Grid &grid);

// The transposed matrix: the adjoint operator, exactly.
Axis transpose(const Axis &axis);

// A^T A as an operator.
Axis gram(const Axis &axis);

// a + weight * b, of the same size.
Axis add(const Axis &a, double weight, const Axis &b);

// Solves (A^T A + ridge I) x = b, symmetric and banded, by Cholesky's L D L^T in two sweeps. With
// b = A^T y and no ridge, x is the least-squares solution of A x = y.
struct BandedSolver {
  BandedSolver() = default;
  BandedSolver(const Axis &gram, double ridge);

  int n = 0, band = 0;              // unknowns; subdiagonals
  std::vector<float> lower;         // [n][band]: L(i, i - band + j), zero outside the matrix
  std::vector<float> inverse_diag;  // [n]: 1 / D(i)
};

// ---- planes ----

// A separable operator on planes: V x H^T.
struct Separable {
  Axis horizontal, vertical;

  int in_width() const { return horizontal.in; }
  int in_height() const { return vertical.in; }
  int out_width() const { return horizontal.out; }
  int out_height() const { return vertical.out; }
};

Separable transpose(const Separable &op);
Separable gram(const Separable &op);

// Where the samples of a plane sit in their cells, horizontally and vertically: see resize_axis().
struct Position {
  double x = 0.5, y = 0.5;
};

// The operator that resizes a plane by `kernel`.
Separable resize(const Kernel &kernel, int in_width, int in_height, int out_width, int out_height,
                 Position position);

// Inverts enlarging: along each axis x = (U^T U + r p I)^-1 (U^T + r p D) y, the minimum of
// |U x - y|^2 / n_out + p |x - D y|^2 / n_in, where r = n_out / n_in. With p = 0 it is U^+ y, the
// least-squares optimum in two dimensions as well.
struct Inverse {
  Inverse() = default;
  // `up`: U; `down`: D, the plain way back; `proximity`: p.
  Inverse(const Separable &up, const Separable &down, double proximity);

  Separable pull;  // U^T + r p D
  BandedSolver horizontal, vertical;
};

}  // namespace hcd::image
