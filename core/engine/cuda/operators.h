// SPDX-License-Identifier: BSD-2-Clause
// The operators of image/separable.h on the device.
#pragma once

#include <memory>

#include "engine/cuda/device.h"
#include "engine/engine.h"

namespace hcd::cuda {

// Weights lie on the device from now on.
std::unique_ptr<Operator> make_operator(std::shared_ptr<Device> device, const image::Separable &op);
std::unique_ptr<Operator> make_operator(std::shared_ptr<Device> device, const image::Inverse &op);

}  // namespace hcd::cuda
