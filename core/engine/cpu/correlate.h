// SPDX-License-Identifier: BSD-2-Clause
// Engine::correlate() on the host.
#pragma once

#include <span>

#include "base/parallel.h"
#include "base/view.h"

namespace hcd::cpu {

void correlate(ConstPlane in, std::span<const float> kernel, Plane out, ThreadPool &pool);

}  // namespace hcd::cpu
