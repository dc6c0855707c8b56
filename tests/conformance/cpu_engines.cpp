// SPDX-License-Identifier: BSD-2-Clause
#include "conformance/engines.h"

namespace hcd::conformance {

std::vector<NamedEngine> engines() { return {{"cpu", make_cpu_engine}}; }

}  // namespace hcd::conformance
