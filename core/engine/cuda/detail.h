// SPDX-License-Identifier: BSD-2-Clause
// Detail that a viewer misses, on the device: engine/cpu/adm.h, which says what it is.
#pragma once

#include <memory>

#include "engine/cuda/device.h"
#include "engine/engine.h"

namespace hcd::cuda {

// Of a plane in the device's memory; the plane is not kept, `device` is. Takes about three planes
// of the device's memory until it is destroyed.
std::unique_ptr<Detail> make_detail(Device &device, ConstPlane reference);

}  // namespace hcd::cuda
