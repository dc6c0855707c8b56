// SPDX-License-Identifier: BSD-2-Clause
// The linear part of a light network: a kernel's enlarging by a whole factor, row by row.
#pragma once

#include <vector>

#include "client/network.h"
#include "image/kernel.h"

namespace hcd::client {

// Pixel d of a block lies at (d + 0.5) / scale - 0.5 from the pixel that it enlarges. The picture's
// first and last pixels continue beyond the border. The weights depend on d alone, so that tiles
// give what the whole picture gives.
//
// A row of the large picture is handled by phases: [scale][width], the pixels d = 0 of all blocks,
// then the pixels d = 1, and so on. `scratch` holds width + 2 reach() floats.
class Skip {
 public:
  Skip() = default;
  Skip(const image::Kernel &kernel, int scale);

  static constexpr int kMostReach = 4;  // of the kernels that there are

  int reach() const { return reach_; }  // LR pixels on each side
  // Pixel d of a block is made of 2 reach() taps, the first of them first(d) from its own pixel.
  int first(int d) const { return first_[static_cast<size_t>(d)]; }
  const float *weights(int d) const { return &weights_[static_cast<size_t>(d) * 2 * reach_]; }

  // Row `dy` of the blocks [x0, x0 + width) of row y.
  void row(ConstPlane lr, int y, int dy, int x0, int width, float *scratch, float *phases) const;

  // The adjoint of row() over the columns of `part`: adds to `gradient`, which is as large as lr,
  // in the rows of `part` alone.
  void add_adjoint(const float *phases, int y, int dy, const Rect &part, float *scratch,
                   Plane gradient) const;

 private:
  int scale_ = 1, reach_ = 1;
  std::vector<int> first_;      // [scale]: the first of the 2 reach taps, from the pixel itself
  std::vector<float> weights_;  // [scale][2 reach]
};

}  // namespace hcd::client
