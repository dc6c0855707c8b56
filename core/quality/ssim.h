// SPDX-License-Identifier: BSD-2-Clause
// Structural similarity of two planes.
#pragma once

#include "quality/plane.h"

namespace hcd::quality {

// Side of the window of ssim() in samples.
constexpr int kSsimWindow = 11;

// Mean SSIM index, at most 1 (equal planes). Wang et al., "Image Quality Assessment: From Error
// Visibility to Structural Similarity", IEEE TIP 2004, as the authors' ssim_index.m without its
// later automatic reduction: 11x11 Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03, peak 255,
// mean over the windows that lie inside the picture. Throws std::invalid_argument if the sizes
// differ or are below kSsimWindow.
double ssim(ConstPlane a, ConstPlane b);

}  // namespace hcd::quality
