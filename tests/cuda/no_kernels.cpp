// SPDX-License-Identifier: BSD-2-Clause
// The stand-in for a driver has the kernels itself.
#include "engine/cuda/module.h"

namespace hcd::cuda {
const void *kernels_image() { return ""; }
}  // namespace hcd::cuda
