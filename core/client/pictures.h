// SPDX-License-Identifier: BSD-2-Clause
// The transport between the planes that are transmitted and the pictures a network sees: chroma
// siting, range and colour matrix. Every stage is linear, so that its adjoint carries gradients.
#pragma once

#include <hcd/hcd.h>

#include <array>

#include "base/parallel.h"
#include "base/view.h"
#include "image/colour.h"
#include "image/format.h"
#include "image/separable.h"

namespace hcd::client {

// Converts between a frame's planes (8-bit scale, see image::Geometry) and [channels, height,
// width] pictures of the same luma size. A luma network's picture is made from a luma plane: not
// for RGB frames.
class Pictures {
 public:
  Pictures(const hcd_format &format, image::Colour colour);

  int channels() const { return channels_; }
  size_t size() const { return static_cast<size_t>(channels_) * width_ * height_; }
  Plane view(float *picture) const;
  ConstPlane view(const float *picture) const;

  // Planes to picture. A gray frame has neutral chroma; a luma network takes the luma plane alone.
  void to_picture(const float *planes, float *picture, ThreadPool &pool) const;
  // gradient of the planes = J^T (gradient of the picture); planes the picture does not see get 0.
  void to_picture_adjoint(const float *picture, float *planes, ThreadPool &pool) const;

  // Picture to planes; a luma network leaves the chroma planes as they are.
  void from_picture(const float *picture, float *planes, ThreadPool &pool) const;
  void from_picture_adjoint(const float *planes, float *picture, ThreadPool &pool) const;

 private:
  void mix(const image::Affine &affine, bool transposed, const std::array<const float *, 3> &in,
           const std::array<float *, 3> &out, ThreadPool &pool) const;

  hcd_format format_;
  image::Geometry geometry_;
  int channels_, width_, height_;
  bool resampled_ = false;  // chroma has another size than luma
  image::Affine to_, from_;
  image::Separable up_, up_adjoint_, down_, down_adjoint_;  // chroma to luma size and back
};

}  // namespace hcd::client
