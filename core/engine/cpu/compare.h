// SPDX-License-Identifier: BSD-2-Clause
// The error of what a viewer sees.
#pragma once

#include <hcd/hcd.h>

#include "base/buffer.h"
#include "base/parallel.h"
#include "base/view.h"

namespace hcd::cpu {

// Mean squared difference of the top left `width` x `height` samples, on the 8-bit scale, after
// rounding `shown` to code values of the format's depth. The same for any number of threads.
double shown_plane_error(const hcd_format &format, ConstPlane shown, ConstPlane truth, int width,
                         int height, ThreadPool &pool);

// PSNR in dB of a mean squared error on the 8-bit scale; peak: the format's highest code value.
double psnr(const hcd_format &format, double mean_squared_error);

}  // namespace hcd::cpu
