// SPDX-License-Identifier: BSD-2-Clause
// The devices' memory: one range of addresses for all, shut while only the host runs. All with the
// driver's lock held.
#pragma once

#include <cstddef>
#include <cstdint>

#include "stub/driver.h"

namespace hcd::stub {

// 0: the device has no room for it. The address is a multiple of 256.
uint64_t allocate(Context &context, size_t bytes);
bool release(uint64_t address);  // false: not one that allocate() gave
void free_memory_of(Context &context);
size_t free_bytes(int device);

bool is_of_device(uint64_t address);
// Whether there is or was an allocation, or its margin.
bool was_ever_used(uint64_t address);
// Whether all of it lies in one allocation.
bool is_allocated(uint64_t address, size_t bytes);
// Of the allocation, of a device or pinned, that has this address in it or at its end; nullptr:
// there is none.
Life life_at(uint64_t address);
// Whether nothing was written between allocations.
bool margins_are_untouched();

// The host may touch the devices' memory while one of these lives.
class Open {
 public:
  Open();
  ~Open();
  Open(const Open &) = delete;
  Open &operator=(const Open &) = delete;
};

void *allocate_host(size_t bytes);  // pinned
bool release_host(void *made);      // false: not one that allocate_host() gave
bool is_pinned(uint64_t address, size_t bytes);

struct MemoryCounts {
  size_t allocations, bytes, most_bytes, host_allocations;
};
MemoryCounts memory_counts();
void reset_memory_counts();

}  // namespace hcd::stub
