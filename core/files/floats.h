// SPDX-License-Identifier: BSD-2-Clause
// Numbers of weight files.
#pragma once

#include <vector>

#include "files/safetensors.h"

namespace hcd::files {

bool is_floating(Dtype dtype);

// The values of a tensor of floating numbers, rounded to float.
std::vector<float> to_floats(const TensorView &view);

}  // namespace hcd::files
