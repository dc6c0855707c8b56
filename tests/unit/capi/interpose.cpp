// SPDX-License-Identifier: BSD-2-Clause
#include "interpose.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstring>

// What the C library's own functions are called besides.
extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);
}

namespace hcd::test {
namespace {

std::atomic<long> allowed = -1, allowed_threads = -1;
std::atomic<bool> refuse_onward = false, refused = false;
std::atomic<size_t> blocks = 0, bytes = 0, peak = 0;

std::string watched;
std::function<void()> at_open;

bool refuse(std::atomic<long> &left, bool onward) {
  long n = left.load();
  do {
    if (n < 0) return false;
  } while (!left.compare_exchange_weak(n, n == 0 && onward ? 0 : n - 1));
  return n == 0;
}

bool no_memory() {
  if (!refuse(allowed, refuse_onward)) return false;
  refused = true;
  errno = ENOMEM;
  return true;
}

void *count(void *block) {
  if (!block) return block;
  ++blocks;
  const size_t now = bytes += malloc_usable_size(block);
  size_t most = peak;
  while (now > most && !peak.compare_exchange_weak(most, now)) {
  }
  return block;
}

void forget(void *block) {
  if (!block) return;
  --blocks;
  bytes -= malloc_usable_size(block);
}

}  // namespace

void refuse_memory(long count, bool onward) {
  if (count >= 0) refused = false;
  refuse_onward = onward;
  allowed = count;
}
bool memory_was_refused() { return refused; }
Heap heap() { return {blocks, bytes, peak}; }
void measure_heap() { peak = bytes.load(); }
void refuse_threads(long count) { allowed_threads = count; }
void watch_file(const std::string &path, std::function<void()> work) {
  watched = path;
  at_open = std::move(work);
}

}  // namespace hcd::test

using namespace hcd::test;

#pragma GCC visibility push(default)  // the libraries must find these
extern "C" {

void *malloc(size_t size) { return no_memory() ? nullptr : count(__libc_malloc(size)); }
void *calloc(size_t n, size_t size) {
  return no_memory() ? nullptr : count(__libc_calloc(n, size));
}
void *realloc(void *old, size_t size) {
  if (no_memory()) return nullptr;
  const size_t before = old ? malloc_usable_size(old) : 0;
  void *block = __libc_realloc(old, size);
  if (!block) return block;
  if (old) {
    --blocks;
    bytes -= before;
  }
  return count(block);
}
void *memalign(size_t alignment, size_t size) {
  return no_memory() ? nullptr : count(__libc_memalign(alignment, size));
}
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = memalign(alignment, size);
  return *block ? 0 : ENOMEM;
}
void free(void *block) {
  forget(block);
  __libc_free(block);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *),
                   void *argument) {
  using Create = int(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  static auto *real = reinterpret_cast<Create *>(dlsym(RTLD_NEXT, "pthread_create"));
  return refuse(allowed_threads, false) ? EAGAIN : real(thread, attributes, work, argument);
}

int open(const char *path, int flags, ...) {
  using Open = int(const char *, int, ...);
  static auto *real = reinterpret_cast<Open *>(dlsym(RTLD_NEXT, "open"));
  if (at_open && watched == path) at_open();
  va_list list;
  va_start(list, flags);
  const int mode = va_arg(list, int);
  va_end(list);
  return real(path, flags, mode);
}

}  // extern "C"
#pragma GCC visibility pop
