// SPDX-License-Identifier: BSD-2-Clause
#include "conformance/engines.h"
#include "engine/aten/engine.h"

namespace hcd::conformance {

std::vector<NamedEngine> engines() {
  return {{"aten", [](ThreadPool &pool) { return aten::make_engine(pool, at::kCPU); }}};
}

}  // namespace hcd::conformance
