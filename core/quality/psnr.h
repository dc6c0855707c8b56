// SPDX-License-Identifier: BSD-2-Clause
// Mean squared error and PSNR of two planes.
#pragma once

#include "quality/plane.h"

namespace hcd::quality {

// Mean of the squared differences. Throws std::invalid_argument if the sizes differ.
double mean_squared_error(ConstPlane a, ConstPlane b);

// Peak signal-to-noise ratio in dB for a peak of 255; infinity where the planes are equal. Throws
// std::invalid_argument if the sizes differ.
double psnr(ConstPlane a, ConstPlane b);

}  // namespace hcd::quality
