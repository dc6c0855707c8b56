// SPDX-License-Identifier: BSD-2-Clause
// Frames for tests, as planes.
#pragma once

#include <vector>

#include "image/format.h"
#include "support/random_values.h"

namespace hcd::test {

// All planes of a frame of natural(), each of another part.
inline std::vector<float> natural_planes(const hcd_format &format) {
  const image::Geometry geometry(format);
  std::vector<float> planes(geometry.size());
  const Random random(3);
  for (int p = 0; p < geometry.n_planes(); ++p) {
    const Plane plane = geometry.plane(planes.data(), p);
    for (int y = 0; y < plane.height; ++y) {
      for (int x = 0; x < plane.width; ++x) plane.row(y)[x] = natural(x + 40 * p, y, random, 500);
    }
  }
  return planes;
}

}  // namespace hcd::test
