// SPDX-License-Identifier: BSD-2-Clause
// The arithmetic that the caller's thread has set up, kept apart from the library's.
#pragma once

#include <cfenv>

namespace hcd {

// Rounding to nearest, denormal numbers and no traps for the length of a scope: the same bits in
// every host. What the thread had, its exception flags included, comes back at the end. Threads
// that are made meanwhile begin with the same.
class PlainArithmetic {
 public:
  PlainArithmetic() {
    std::fegetenv(&kept_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~PlainArithmetic() { std::fesetenv(&kept_); }
  PlainArithmetic(const PlainArithmetic &) = delete;
  PlainArithmetic &operator=(const PlainArithmetic &) = delete;

 private:
  std::fenv_t kept_{};
};

}  // namespace hcd
