// SPDX-License-Identifier: BSD-2-Clause
// The transport between the planes that are transmitted and the pictures a network sees: chroma
// siting, range and colour matrix. Every stage is linear, so that its adjoint carries gradients.
#pragma once

#include <hcd/hcd.h>

#include <array>
#include <memory>

#include "engine/engine.h"

namespace hcd::client {

// Converts between a frame's planes (8-bit scale, see image::Geometry) and [channels, height,
// width] pictures of the same luma size. A luma network's picture is made from a luma plane: not
// for RGB frames. Only the planes that the network sees are read and written.
class Pictures {
 public:
  Pictures(const hcd_format &format, image::Colour colour, Engine &engine);

  // Planes of a frame that a picture depends on.
  int n_planes() const { return channels_ == 1 ? 1 : geometry_.n_planes(); }
  const image::Geometry &geometry() const { return geometry_; }
  bool is_luma() const { return channels_ == 1; }
  bool same() const { return same_; }               // a picture is the luma plane
  double unit() const { return to_.matrix[0][0]; }  // of luma: what a code value is in the picture
  size_t size() const { return static_cast<size_t>(channels_) * width_ * height_; }
  Plane view(float *picture) const;

  // Planes to picture, in `memory`; or the plane itself where nothing is to be changed. A gray
  // frame has neutral chroma.
  ConstPlane to_picture(const float *planes, Buffer &memory) const;
  // gradient of the planes = J^T (gradient of the picture).
  void to_picture_adjoint(ConstPlane picture, float *planes) const;

  // Where a picture may be made that from_picture() turns into `planes`: `memory`, or the plane
  // itself where nothing is to be changed.
  Plane picture_for(float *planes, Buffer &memory) const;
  // Picture to planes.
  void from_picture(ConstPlane picture, float *planes) const;
  ConstPlane from_picture_adjoint(const float *planes, Buffer &memory) const;

 private:
  // A picture as three planes; those that there are.
  template <typename T>
  std::array<View<T>, 3> split(const View<T> &picture) const;
  void spread(const image::Affine &affine, bool transposed, const Operator *up, const float *planes,
              Plane picture) const;
  void collect(const image::Affine &affine, bool transposed, const Operator *down,
               ConstPlane picture, float *planes) const;

  Engine &engine_;
  image::Geometry geometry_;
  int channels_, width_, height_;
  image::Affine to_, from_;
  bool same_;
  // Chroma to luma size and back, where it has another.
  std::unique_ptr<Operator> up_, up_adjoint_, down_, down_adjoint_;
};

}  // namespace hcd::client
