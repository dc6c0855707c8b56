// SPDX-License-Identifier: BSD-2-Clause
#include "conformance/engines.h"
#include "engine/cuda/engine.h"

namespace hcd::conformance {

std::vector<NamedEngine> engines() {
  return {{"cuda", [](ThreadPool &pool) {
             return cuda::make_engine(std::make_shared<cuda::Device>(0), pool);
           }}};
}

}  // namespace hcd::conformance
