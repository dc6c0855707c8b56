// SPDX-License-Identifier: BSD-2-Clause
#include "client/pictures.h"

#include <algorithm>

#include "base/buffer.h"
#include "engine/cpu/resample.h"

namespace hcd::client {

Pictures::Pictures(const hcd_format &format, image::Colour colour)
    : format_(image::resolve(format)),
      geometry_(format_),
      channels_(colour == image::Colour::kLuma ? 1 : 3),
      width_(format.width),
      height_(format.height),
      to_(image::codes_to_picture(format, colour)),
      from_(inverse(to_)) {
  resampled_ = channels_ == 3 && image::n_components(format_) == 3 &&
               (image::shift_x(format_, 1) || image::shift_y(format_, 1));
  if (!resampled_) return;
  // Catmull-Rom: sharper than bilinear, and interpolates where samples are co-sited.
  const image::Kernel &kernel = *image::find_kernel("catmull_rom");
  const image::Position position = image::component_position(format_, 1);
  const int width = image::component_width(format_, 1),
            height = image::component_height(format_, 1);
  const double ratio_x = 1.0 / (1 << image::shift_x(format_, 1));
  const double ratio_y = 1.0 / (1 << image::shift_y(format_, 1));
  up_ = {image::resize_axis(kernel, {width, width_, ratio_x, position.x, 0.5}),
         image::resize_axis(kernel, {height, height_, ratio_y, position.y, 0.5})};
  down_ = {image::resize_axis(kernel, {width_, width, 1 / ratio_x, 0.5, position.x}),
           image::resize_axis(kernel, {height_, height, 1 / ratio_y, 0.5, position.y})};
  up_adjoint_ = image::transpose(up_);
  down_adjoint_ = image::transpose(down_);
}

Plane Pictures::view(float *p) const {
  return {p, channels_, height_, width_, width_, static_cast<ptrdiff_t>(width_) * height_};
}
ConstPlane Pictures::view(const float *p) const {
  return {p, channels_, height_, width_, width_, static_cast<ptrdiff_t>(width_) * height_};
}

void Pictures::mix(const image::Affine &affine, bool transposed, const std::array<const float *, 3> &in,
                   const std::array<float *, 3> &out, ThreadPool &pool) const {
  pool.run(height_, [&](int y) {
    const size_t first = static_cast<size_t>(y) * static_cast<size_t>(width_);
    for (size_t i = 0; i < 3; ++i) {
      if (!out[i]) continue;
      float m[3], offset = transposed ? 0.0F : static_cast<float>(affine.offset[i]);
      for (size_t k = 0; k < 3; ++k) {
        m[k] = static_cast<float>(transposed ? affine.matrix[k][i] : affine.matrix[i][k]);
        if (!in[k]) offset += transposed ? 0.0F : m[k] * 128.0F;  // neutral chroma of a gray frame
      }
      for (size_t x = first; x < first + static_cast<size_t>(width_); ++x) {
        float sum = offset;
        for (size_t k = 0; k < 3; ++k) sum += in[k] ? m[k] * in[k][x] : 0.0F;
        out[i][x] = sum;
      }
    }
  });
}

void Pictures::to_picture(const float *planes, float *picture, ThreadPool &pool) const {
  const size_t n = static_cast<size_t>(width_) * height_;
  if (channels_ == 1) {
    mix(to_, false, {planes, nullptr, nullptr}, {picture, nullptr, nullptr}, pool);
    return;
  }
  std::array<const float *, 3> in = {planes, nullptr, nullptr};
  Buffer chroma(resampled_ ? 2 * n : 0);
  for (int c = 1; c < geometry_.n_planes(); ++c) {
    const ConstPlane plane = geometry_.plane(planes, c);
    in[static_cast<size_t>(c)] = plane.data;
    if (!resampled_) continue;
    float *enlarged = chroma.data() + static_cast<size_t>(c - 1) * n;
    cpu::apply(up_, plane, {enlarged, width_, height_}, pool);
    in[static_cast<size_t>(c)] = enlarged;
  }
  mix(to_, false, in, {picture, picture + n, picture + 2 * n}, pool);
}

void Pictures::to_picture_adjoint(const float *picture, float *planes, ThreadPool &pool) const {
  const size_t n = static_cast<size_t>(width_) * height_;
  if (channels_ == 1) {
    std::fill(planes, planes + geometry_.size(), 0.0F);
    mix(to_, true, {picture, nullptr, nullptr}, {planes, nullptr, nullptr}, pool);
    return;
  }
  std::array<float *, 3> out = {planes, nullptr, nullptr};
  Buffer chroma(resampled_ ? 2 * n : 0);
  for (int c = 1; c < geometry_.n_planes(); ++c) {
    out[static_cast<size_t>(c)] = resampled_ ? chroma.data() + static_cast<size_t>(c - 1) * n
                                             : geometry_.plane(planes, c).data;
  }
  mix(to_, true, {picture, picture + n, picture + 2 * n}, out, pool);
  for (int c = 1; resampled_ && c < geometry_.n_planes(); ++c) {
    cpu::apply(up_adjoint_, {out[static_cast<size_t>(c)], width_, height_},
                 geometry_.plane(planes, c), pool);
  }
}

void Pictures::from_picture(const float *picture, float *planes, ThreadPool &pool) const {
  const size_t n = static_cast<size_t>(width_) * height_;
  if (channels_ == 1) {
    mix(from_, false, {picture, nullptr, nullptr}, {planes, nullptr, nullptr}, pool);
    return;
  }
  std::array<float *, 3> out = {planes, nullptr, nullptr};
  Buffer chroma(resampled_ ? 2 * n : 0);
  for (int c = 1; c < geometry_.n_planes(); ++c) {
    out[static_cast<size_t>(c)] = resampled_ ? chroma.data() + static_cast<size_t>(c - 1) * n
                                             : geometry_.plane(planes, c).data;
  }
  mix(from_, false, {picture, picture + n, picture + 2 * n}, out, pool);
  for (int c = 1; resampled_ && c < geometry_.n_planes(); ++c) {
    cpu::apply(down_, {out[static_cast<size_t>(c)], width_, height_}, geometry_.plane(planes, c),
                 pool);
  }
}

void Pictures::from_picture_adjoint(const float *planes, float *picture, ThreadPool &pool) const {
  const size_t n = static_cast<size_t>(width_) * height_;
  if (channels_ == 1) {
    mix(from_, true, {planes, nullptr, nullptr}, {picture, nullptr, nullptr}, pool);
    return;
  }
  std::array<const float *, 3> in = {planes, nullptr, nullptr};
  Buffer chroma(resampled_ ? 2 * n : 0);
  for (int c = 1; c < geometry_.n_planes(); ++c) {
    const ConstPlane plane = geometry_.plane(planes, c);
    in[static_cast<size_t>(c)] = plane.data;
    if (!resampled_) continue;
    float *enlarged = chroma.data() + static_cast<size_t>(c - 1) * n;
    cpu::apply(down_adjoint_, plane, {enlarged, width_, height_}, pool);
    in[static_cast<size_t>(c)] = enlarged;
  }
  mix(from_, true, in, {picture, picture + n, picture + 2 * n}, pool);
}

}  // namespace hcd::client
