// SPDX-License-Identifier: BSD-2-Clause
// Colour: the code values of frames and the pictures of networks.
#pragma once

#include <hcd/hcd.h>

#include <array>

namespace hcd::image {

// Colour space of a network's pictures, on the 8-bit scale.
enum class Colour {
  kLuma,   // 1 channel: limited-range luma (black 16, white 235), as in the literature
  kYcbcr,  // 3 channels: limited-range Y'CbCr, 4:4:4
  kRgb,    // 3 channels: R'G'B', black 0, white 255
};

// A 3x3 matrix and an offset: v -> matrix v + offset.
struct Affine {
  std::array<std::array<double, 3>, 3> matrix{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  std::array<double, 3> offset{};

  bool operator==(const Affine &) const = default;
};

// Code values of the format to those of a network's pictures, and the way back.
Affine codes_to_picture(const hcd_format &format, Colour colour);
Affine inverse(const Affine &affine);

}  // namespace hcd::image
