// SPDX-License-Identifier: BSD-2-Clause
// Operators on planes, made of one for each axis.
#pragma once

#include "image/axis.h"

namespace hcd::image {

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
