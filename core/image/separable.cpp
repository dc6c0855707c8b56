// SPDX-License-Identifier: BSD-2-Clause
#include "image/separable.h"

namespace hcd::image {

Separable transpose(const Separable &op) {
  return {transpose(op.horizontal), transpose(op.vertical)};
}

Separable gram(const Separable &op) { return {gram(op.horizontal), gram(op.vertical)}; }

Separable resize(const Kernel &kernel, int in_width, int in_height, int out_width, int out_height,
                 Position position) {
  return {resize_axis(kernel, resize_grid(in_width, out_width, position.x)),
          resize_axis(kernel, resize_grid(in_height, out_height, position.y))};
}

Inverse::Inverse(const Separable &up, const Separable &down, double proximity) {
  const auto invert = [proximity](const Axis &u, const Axis &d, Axis *rhs, BandedSolver *solver) {
    const double ridge = proximity * u.out / u.in;
    *rhs = add(transpose(u), ridge, d);
    *solver = BandedSolver(gram(u), ridge);
  };
  invert(up.horizontal, down.horizontal, &pull.horizontal, &horizontal);
  invert(up.vertical, down.vertical, &pull.vertical, &vertical);
}

}  // namespace hcd::image
