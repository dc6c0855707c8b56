// SPDX-License-Identifier: BSD-2-Clause
// PSNR, SSIM and luma as the literature on super-resolution measures them. Planes are floats in
// 8-bit code values, [0, 255], fractions allowed. All of it throws std::invalid_argument where
// sizes differ or do not suffice.
#pragma once

#include <vector>

#include "base/view.h"

namespace hcd::quality {

// The plane without `border` samples on each side, of which something has to be left.
ConstPlane without_border(ConstPlane plane, int border);

enum class Rounding {
  kNone,     // fractions kept
  kEightBit  // to the nearest whole code value, halves up
};

// BT.601 luma in limited range, as MATLAB's rgb2ycbcr: 16 + (65.481 R + 128.553 G + 24.966 B) / 255
// for full-range R'G'B' in [0, 255]; black gives 16, white 235. The result has no padding: its
// stride is the width.
std::vector<float> luma_bt601(ConstPlane red, ConstPlane green, ConstPlane blue, Rounding rounding);

// Mean of the squared differences.
double mean_squared_error(ConstPlane a, ConstPlane b);

// Peak signal-to-noise ratio in dB for a peak of 255; infinity where the planes are equal.
double psnr(ConstPlane a, ConstPlane b);

// Side of the window of ssim() in samples.
constexpr int kSsimWindow = 11;

// Mean SSIM index, at most 1 (equal planes). Wang et al., "Image Quality Assessment: From Error
// Visibility to Structural Similarity", IEEE TIP 2004, as the authors' ssim_index.m without its
// later automatic reduction: 11x11 Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03, peak 255,
// mean over the windows that lie inside the picture, which has kSsimWindow samples or more.
double ssim(ConstPlane a, ConstPlane b);

}  // namespace hcd::quality
