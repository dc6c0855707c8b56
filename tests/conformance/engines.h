// SPDX-License-Identifier: BSD-2-Clause
// The engines of one test program.
#pragma once

#include <memory>
#include <vector>

#include "engine/engine.h"

namespace hcd::conformance {

struct NamedEngine {
  const char *name;
  std::unique_ptr<Engine> (*make)(ThreadPool &pool);
};

std::vector<NamedEngine> engines();

}  // namespace hcd::conformance
