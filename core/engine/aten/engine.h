// SPDX-License-Identifier: BSD-2-Clause
// The engine on LibTorch's tensors: what the others do, as plainly as it can be said.
#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "engine/engine.h"

namespace hcd::aten {

// Its memory lies on `device`; copy() takes planes and vectors of the host as well.
std::unique_ptr<Engine> make_engine(ThreadPool &pool, at::Device device);

}  // namespace hcd::aten
