// SPDX-License-Identifier: BSD-2-Clause
// Linear operators along one axis of a picture: resizing, its adjoint, and the banded system that
// inverts enlarging in the least-squares sense.
#pragma once

#include <vector>

#include "image/kernel.h"

namespace hcd::image {

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

}  // namespace hcd::image
