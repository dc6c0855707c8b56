// SPDX-License-Identifier: BSD-2-Clause
// What every engine is asked. A check fails by expectations of GoogleTest.
#pragma once

#include <vector>

#include "engine/engine.h"

namespace hcd::conformance {

struct Check {
  const char *name;       // of the operation of Engine that it looks at, and of the case
  const char *operation;  // which engines get wrong on purpose, see wrong_engine.h
  void (*run)(Engine &engine);
};

std::vector<Check> vector_checks();
std::vector<Check> frame_checks();
std::vector<Check> operator_checks();
std::vector<Check> loss_checks();
std::vector<Check> client_checks();

inline std::vector<Check> all_checks() {
  std::vector<Check> all;
  for (const auto &part :
       {vector_checks(), frame_checks(), operator_checks(), loss_checks(), client_checks()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace hcd::conformance
