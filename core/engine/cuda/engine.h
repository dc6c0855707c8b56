// SPDX-License-Identifier: BSD-2-Clause
// The engine on a GPU: every operation of Engine by kernels of our own.
#pragma once

#include <memory>

#include "engine/cuda/device.h"
#include "engine/engine.h"

namespace hcd::cuda {

// Planes lie in the device's memory; `pool` moves frames of the host to pinned memory and back.
// Operations are queued on the device's stream and return before they are done, but for those that
// return a number and those that give the host samples. The device is the engine's from now on.
std::unique_ptr<Engine> make_engine(std::shared_ptr<Device> device, ThreadPool &pool);

}  // namespace hcd::cuda
