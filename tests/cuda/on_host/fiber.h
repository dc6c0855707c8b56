// SPDX-License-Identifier: BSD-2-Clause
// A function on a stack of its own that can be left and entered again. A few instructions a switch:
// ucontext asks the kernel for the signal mask in each.
#pragma once

#include <cstddef>

namespace hcd::cuda_on_host {

class Fiber {
 public:
  // On `stack`, which is the caller's: `body` from its beginning at the next enter(). What ran
  // there before is forgotten. `body` ends with leave(true) instead of returning.
  void start(char *stack, size_t size, void (*body)());
  // Runs it until it leaves.
  void enter();
  // From inside: back to whoever entered it; `for_good`: it is not entered again.
  void leave(bool for_good);
  // The first thing in `body`.
  void entered();

 private:
  void *inside_ = nullptr, *outside_ = nullptr;  // where they go on: stack pointers
  char *stack_ = nullptr;
  size_t size_ = 0;
  // For AddressSanitizer: the stack outside.
  const void *outside_stack_ = nullptr;
  size_t outside_size_ = 0;
};

}  // namespace hcd::cuda_on_host
