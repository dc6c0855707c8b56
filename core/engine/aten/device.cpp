// SPDX-License-Identifier: BSD-2-Clause
#include "engine/aten/functions.h"

namespace hcd::aten {

at::Device device_of(int cuda_device) {
  if (cuda_device < 0) return at::kCPU;
  return {at::kCUDA, static_cast<c10::DeviceIndex>(cuda_device)};
}

}  // namespace hcd::aten
