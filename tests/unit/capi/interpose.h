// SPDX-License-Identifier: BSD-2-Clause
// What the system gives this test program and the libraries in it, counted and refused at will:
// memory, threads, files.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace hcd::test {

// Lets the next `count` allocations succeed and refuses the one after them; `onward`: and all that
// follow. -1: refuses none.
void refuse_memory(long count, bool onward = false);
// Whether one has been refused since that was last asked for.
bool memory_was_refused();

struct Heap {
  size_t blocks, bytes, peak;  // that live; most bytes since measure_heap()
};
Heap heap();
void measure_heap();  // begins a new peak

// The same for pthread_create(), which then answers EAGAIN.
void refuse_threads(long count);

// `work` runs in every open() of `path`.
void watch_file(const std::string &path, std::function<void()> work);

}  // namespace hcd::test
