// SPDX-License-Identifier: BSD-2-Clause
// Frames of the public API: their planes, ranges and chroma siting; to floats and back.
#pragma once

#include <hcd/hcd.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/parallel.h"
#include "base/view.h"
#include "image/separable.h"

namespace hcd::image {

// Throws HCD_E_FORMAT unless the library can work on frames of this format.
void check_format(const hcd_format &format);

// The format with every "unspecified" replaced by what it is read as.
hcd_format resolve(hcd_format format);

// Picture components (1 or 3), whatever way they are stored.
int n_components(const hcd_format &format);

// log2 of the subsampling of component `c`.
int shift_x(const hcd_format &format, int c);
int shift_y(const hcd_format &format, int c);
int component_width(const hcd_format &format, int c);
int component_height(const hcd_format &format, int c);
Position component_position(const hcd_format &format, int c);

// Operators of planes that a resizing needs: one where all components have the same size, else one
// for luma and one for both of chroma.
int n_operators(const hcd_format &format);
// The operator that resizes component `c` between two formats of the same layout.
Separable resize_plane(const Kernel &kernel, const hcd_format &in, const hcd_format &out, int c);

// Code values of that depth to one of 8 bits.
inline float code_scale(int depth) { return static_cast<float>(1 << (depth - 8)); }

// Interval of legal code values of component `c`, on the 8-bit scale.
struct Range {
  float low = 0, high = 255;
};
Range component_range(const hcd_format &format, int c);
using Ranges = std::array<Range, 3>;
Ranges legal_ranges(const hcd_format &format);
// All code values of the format's depth, whatever its range: what a player that rounds can show.
Range shown_range(const hcd_format &format);

// Text such as "1920x1080 yuv420 10-bit".
std::string describe(const hcd_format &format);

// Sizes of all components, one after another in one array.
class Geometry {
 public:
  Geometry() = default;
  explicit Geometry(const hcd_format &format);

  int n_planes() const { return static_cast<int>(planes_.size()); }
  size_t size() const { return planes_.empty() ? 0 : offset(n_planes()); }
  size_t offset(int c) const;
  Plane plane(float *data, int c) const;
  ConstPlane plane(const float *data, int c) const;

 private:
  struct Size {
    int width, height;
  };
  std::vector<Size> planes_;
};

}  // namespace hcd::image
