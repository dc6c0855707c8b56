// SPDX-License-Identifier: BSD-2-Clause
// An engine with threads of its own.
#pragma once

#include <memory>

#include "engine/engine.h"

namespace hcd::test {

struct OwnEngine {
  explicit OwnEngine(int threads = 2) : pool(threads) {}
  operator Engine &() { return *engine; }
  Engine *operator->() { return engine.get(); }

  ThreadPool pool;
  std::unique_ptr<Engine> engine = make_cpu_engine(pool);
};

}  // namespace hcd::test
