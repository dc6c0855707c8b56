// SPDX-License-Identifier: BSD-2-Clause
// In the place of core/engine/aten/device.cpp: LibTorch's GPU is the host.
#include "engine/aten/functions.h"

namespace hcd::aten {

at::Device device_of(int) { return at::kCPU; }

}  // namespace hcd::aten
