// SPDX-License-Identifier: BSD-2-Clause
#include "on_host/fiber.h"

#include <cstdint>
#include <cstring>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

// Saves what a function has to keep, and the stack pointer in *save; goes on where `to` was saved.
extern "C" void hcd_fiber_switch(void **save, void *to);

#if defined(__x86_64__)
asm(R"(
.pushsection .text
.hidden hcd_fiber_switch
.globl hcd_fiber_switch
.type hcd_fiber_switch, @function
hcd_fiber_switch:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
.size hcd_fiber_switch, .-hcd_fiber_switch
.popsection
)");

namespace {
void *new_stack(char *stack, size_t size, void (*body)()) {
  // Six registers, where to return to, and a place for a return address that body() never uses.
  auto *top = reinterpret_cast<uint64_t *>(reinterpret_cast<uintptr_t>(stack + size) & ~15ULL) - 8;
  std::memset(top, 0, 8 * sizeof(uint64_t));
  top[6] = reinterpret_cast<uint64_t>(body);
  return top;
}
}  // namespace
#elif defined(__aarch64__)
asm(R"(
.pushsection .text
.hidden hcd_fiber_switch
.globl hcd_fiber_switch
.type hcd_fiber_switch, %function
hcd_fiber_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x2, sp
  str x2, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size hcd_fiber_switch, .-hcd_fiber_switch
.popsection
)");

namespace {
void *new_stack(char *stack, size_t size, void (*body)()) {
  auto *top = reinterpret_cast<uint64_t *>(reinterpret_cast<uintptr_t>(stack + size) & ~15ULL) - 20;
  std::memset(top, 0, 20 * sizeof(uint64_t));
  top[11] = reinterpret_cast<uint64_t>(body);  // x30: where to return to
  return top;
}
}  // namespace
#else
#include <ucontext.h>

extern "C" void hcd_fiber_switch(void **save, void *to) {
  ucontext_t here;
  *save = &here;
  swapcontext(&here, static_cast<ucontext_t *>(to));
}

namespace {
void *new_stack(char *stack, size_t size, void (*body)()) {
  auto *context = reinterpret_cast<ucontext_t *>(stack);
  getcontext(context);
  context->uc_stack.ss_sp = stack + sizeof(ucontext_t);
  context->uc_stack.ss_size = size - sizeof(ucontext_t);
  context->uc_link = nullptr;
  makecontext(context, body, 0);
  return context;
}
}  // namespace
#endif

namespace hcd::cuda_on_host {

void Fiber::start(char *stack, size_t size, void (*body)()) {
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(stack, size);  // of frames that were never left
#endif
  stack_ = stack;
  size_ = size;
  inside_ = new_stack(stack, size, body);
}

#ifdef __SANITIZE_ADDRESS__

void Fiber::enter() {
  void *fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, stack_, size_);
  hcd_fiber_switch(&outside_, inside_);
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
}
void Fiber::leave(bool for_good) {
  void *fake_stack = nullptr;
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack, outside_stack_, outside_size_);
  hcd_fiber_switch(&inside_, outside_);
  __sanitizer_finish_switch_fiber(fake_stack, &outside_stack_, &outside_size_);
}
void Fiber::entered() { __sanitizer_finish_switch_fiber(nullptr, &outside_stack_, &outside_size_); }

#else

void Fiber::enter() { hcd_fiber_switch(&outside_, inside_); }
void Fiber::leave(bool) { hcd_fiber_switch(&inside_, outside_); }
void Fiber::entered() {}

#endif

}  // namespace hcd::cuda_on_host
