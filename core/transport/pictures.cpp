// SPDX-License-Identifier: BSD-2-Clause
#include "transport/pictures.h"

#include <algorithm>
#include <vector>

namespace hcd::transport {
namespace {

using Matrix = std::array<std::array<double, 3>, 3>;

Matrix multiply(const Matrix &a, const Matrix &b) {
  Matrix c{};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      for (size_t k = 0; k < 3; ++k) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

// Y' in [0, 1] and Cb, Cr in [-0.5, 0.5] from R'G'B' in [0, 1]: ITU-R BT.601-7, BT.709-6,
// BT.2020-2.
Matrix ycc_from_rgb(hcd_matrix matrix) {
  double kr = 0.299, kb = 0.114;
  if (matrix == HCD_MATRIX_BT709) kr = 0.2126, kb = 0.0722;
  if (matrix == HCD_MATRIX_BT2020) kr = 0.2627, kb = 0.0593;
  const double kg = 1 - kr - kb, cb = 0.5 / (1 - kb), cr = 0.5 / (1 - kr);
  return {{{kr, kg, kb}, {-kr * cb, -kg * cb, (1 - kb) * cb}, {(1 - kr) * cr, -kg * cr, -kb * cr}}};
}

// Codes on the 8-bit scale from Y'CbCr in units of its nominal range.
Affine codes_from_ycc(bool full) {
  const double luma = full ? 255 : 219, chroma = full ? 255 : 224;
  return {{{{luma, 0, 0}, {0, chroma, 0}, {0, 0, chroma}}}, {full ? 0.0 : 16.0, 128.0, 128.0}};
}

Affine compose(const Affine &outer, const Affine &inner) {
  Affine result{multiply(outer.matrix, inner.matrix), outer.offset};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t k = 0; k < 3; ++k) result.offset[i] += outer.matrix[i][k] * inner.offset[k];
  }
  return result;
}

Affine scaled(Affine affine, double factor) {
  for (size_t i = 0; i < 3; ++i) {
    affine.offset[i] *= factor;
    for (double &m : affine.matrix[i]) m *= factor;
  }
  return affine;
}

// Codes of the frame from nominal R'G'B'.
Affine codes_from_rgb(const hcd_format &format) {
  const bool full = format.range == HCD_RANGE_FULL;
  if (format.layout == HCD_LAYOUT_RGB) {
    const double span = full ? 255 : 219, black = full ? 0 : 16;
    return {{{{span, 0, 0}, {0, span, 0}, {0, 0, span}}}, {black, black, black}};
  }
  return compose(codes_from_ycc(full), {ycc_from_rgb(format.matrix), {}});
}

}  // namespace

Affine inverse(const Affine &a) {
  const Matrix &m = a.matrix;
  Affine result;
  const auto minor = [&m](size_t i, size_t j) {
    const size_t r0 = (i + 1) % 3, r1 = (i + 2) % 3, c0 = (j + 1) % 3, c1 = (j + 2) % 3;
    return m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0];
  };
  const double det = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) result.matrix[i][j] = minor(j, i) / det;
  }
  for (size_t i = 0; i < 3; ++i) {
    for (size_t k = 0; k < 3; ++k) result.offset[i] -= result.matrix[i][k] * a.offset[k];
  }
  return result;
}

Affine codes_to_picture(const hcd_format &unresolved, net::Colour colour) {
  const hcd_format format = image::resolve(unresolved);
  const Affine rgb_from_codes = inverse(codes_from_rgb(format));
  if (colour == net::Colour::kRgb) return rgb_from_codes;
  if (format.layout == HCD_LAYOUT_RGB) {
    // The literature's luma and chroma of RGB pictures: BT.601 unless the frame says otherwise.
    const hcd_matrix matrix =
        unresolved.matrix == HCD_MATRIX_UNSPECIFIED ? HCD_MATRIX_BT601 : format.matrix;
    const Affine limited = compose(codes_from_ycc(false), {ycc_from_rgb(matrix), {}});
    return scaled(compose(limited, rgb_from_codes), 1.0 / 255);
  }
  const bool full = format.range == HCD_RANGE_FULL;
  return scaled(compose(codes_from_ycc(false), inverse(codes_from_ycc(full))), 1.0 / 255);
}

Pictures::Pictures(const hcd_format &format, net::Colour colour)
    : format_(image::resolve(format)),
      geometry_(format_),
      channels_(colour == net::Colour::kLuma ? 1 : 3),
      width_(format.width),
      height_(format.height),
      to_(codes_to_picture(format, colour)),
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

net::Image Pictures::view(float *p) const {
  return {p, channels_, height_, width_, width_, static_cast<ptrdiff_t>(width_) * height_};
}
net::ConstImage Pictures::view(const float *p) const {
  return {p, channels_, height_, width_, width_, static_cast<ptrdiff_t>(width_) * height_};
}

void Pictures::mix(const Affine &affine, bool transposed, const std::array<const float *, 3> &in,
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
  image::Buffer chroma(resampled_ ? 2 * n : 0);
  for (int c = 1; c < geometry_.n_planes(); ++c) {
    const image::ConstPlane plane = geometry_.plane(planes, c);
    in[static_cast<size_t>(c)] = plane.data;
    if (!resampled_) continue;
    float *enlarged = chroma.data() + static_cast<size_t>(c - 1) * n;
    image::apply(up_, plane, {enlarged, width_, height_}, pool);
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
  image::Buffer chroma(resampled_ ? 2 * n : 0);
  for (int c = 1; c < geometry_.n_planes(); ++c) {
    out[static_cast<size_t>(c)] = resampled_ ? chroma.data() + static_cast<size_t>(c - 1) * n
                                             : geometry_.plane(planes, c).data;
  }
  mix(to_, true, {picture, picture + n, picture + 2 * n}, out, pool);
  for (int c = 1; resampled_ && c < geometry_.n_planes(); ++c) {
    image::apply(up_adjoint_, {out[static_cast<size_t>(c)], width_, height_},
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
  image::Buffer chroma(resampled_ ? 2 * n : 0);
  for (int c = 1; c < geometry_.n_planes(); ++c) {
    out[static_cast<size_t>(c)] = resampled_ ? chroma.data() + static_cast<size_t>(c - 1) * n
                                             : geometry_.plane(planes, c).data;
  }
  mix(from_, false, {picture, picture + n, picture + 2 * n}, out, pool);
  for (int c = 1; resampled_ && c < geometry_.n_planes(); ++c) {
    image::apply(down_, {out[static_cast<size_t>(c)], width_, height_}, geometry_.plane(planes, c),
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
  image::Buffer chroma(resampled_ ? 2 * n : 0);
  for (int c = 1; c < geometry_.n_planes(); ++c) {
    const image::ConstPlane plane = geometry_.plane(planes, c);
    in[static_cast<size_t>(c)] = plane.data;
    if (!resampled_) continue;
    float *enlarged = chroma.data() + static_cast<size_t>(c - 1) * n;
    image::apply(down_adjoint_, plane, {enlarged, width_, height_}, pool);
    in[static_cast<size_t>(c)] = enlarged;
  }
  mix(from_, true, in, {picture, picture + n, picture + 2 * n}, pool);
}

}  // namespace hcd::transport
