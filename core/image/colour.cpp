// SPDX-License-Identifier: BSD-2-Clause
#include "image/colour.h"

#include "image/format.h"

namespace hcd::image {
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
  Affine result{};
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

Affine codes_to_picture(const hcd_format &unresolved, Colour colour) {
  const hcd_format format = resolve(unresolved);
  const Affine rgb_from_codes = inverse(codes_from_rgb(format));
  if (colour == Colour::kRgb) return scaled(rgb_from_codes, 255);
  if (format.layout == HCD_LAYOUT_RGB) {
    // The literature's luma and chroma of RGB pictures: BT.601 unless the frame says otherwise.
    const hcd_matrix matrix =
        unresolved.matrix == HCD_MATRIX_UNSPECIFIED ? HCD_MATRIX_BT601 : format.matrix;
    const Affine limited = compose(codes_from_ycc(false), {ycc_from_rgb(matrix), {}});
    return compose(limited, rgb_from_codes);
  }
  const bool full = format.range == HCD_RANGE_FULL;
  return full ? compose(codes_from_ycc(false), inverse(codes_from_ycc(full))) : Affine();
}

}  // namespace hcd::image
