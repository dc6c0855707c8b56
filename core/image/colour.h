// SPDX-License-Identifier: BSD-2-Clause
// Colour: the code values of frames and the pictures of networks.
#pragma once

#include <hcd/hcd.h>

#include <array>

namespace hcd::image {

// Colour space of a network's pictures. Values lie in [0, 1].
enum class Colour {
  kLuma,  // 1 channel: limited-range luma / 255 (black 16/255, white 235/255), as in the literature
  kYcbcr,  // 3 channels: limited-range Y'CbCr / 255, 4:4:4
  kRgb,    // 3 channels: R'G'B', black 0, white 1
};

// A 3x3 matrix and an offset: v -> matrix v + offset.
struct Affine {
  std::array<std::array<double, 3>, 3> matrix{};
  std::array<double, 3> offset{};
};

// Code values of the format (8-bit scale) to a network's [0, 1] values, and the way back.
Affine codes_to_picture(const hcd_format &format, Colour colour);
Affine inverse(const Affine &affine);

}  // namespace hcd::image
