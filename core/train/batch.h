// SPDX-License-Identifier: BSD-2-Clause
// What one iteration sees.
#pragma once

#include <ATen/ATen.h>

namespace hcd::train {

struct Batch {
  at::Tensor y_hr;  // [N, C, patch, patch] in [0, 1]
  at::Tensor x_lr;  // its small pictures as a codec gave them, [N, C, patch / scale, patch /
                    // scale]; undefined where the model or a resampler makes them
};

}  // namespace hcd::train
