// SPDX-License-Identifier: BSD-2-Clause
#include "stub/memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "on_host/guard.h"

namespace hcd::stub {
namespace {

struct Allocation {
  size_t bytes;
  Context *context;
  Life life = std::make_shared<char>();
};
struct HostAllocation {
  size_t bytes;
  Life life = std::make_shared<char>();
};

constexpr size_t kReserved = size_t{64} << 30;
constexpr size_t kAlignment = 256, kPage = 4096;
constexpr unsigned char kUnwritten = 0xff;

struct Memory {
  std::map<uint64_t, Allocation> allocations;
  std::map<uint64_t, HostAllocation> host_allocations;
  size_t bytes = 0, most_bytes = 0, tried = 0;
  uint64_t used_end = 0;  // of the addresses that were ever in use
  int open_scopes = 0;
};
// Never destroyed: others may free theirs when the process ends.
Memory &memory() {
  static Memory &one = *new Memory;
  return one;
}

// The lower half of the addresses in use is like no other 32 bits that a kernel is given (no size,
// no small negative number, no float but the tiniest), so that an address can be told from two
// numbers.
uint64_t reserved_begin() {
  static const auto begin = [] {
    constexpr uint64_t kHalf = uint64_t{1} << 32, kLower = uint64_t{1} << 31;
    void *reserved = mmap(nullptr, kReserved + kHalf, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) std::abort();
    const auto address = reinterpret_cast<uint64_t>(reserved);
    return address + (kLower - address) % kHalf;
  }();
  return begin;
}

void set_access(int protection) {
  if (memory().used_end == 0) return;
  const uint64_t begin = reserved_begin();
  if (mprotect(reinterpret_cast<void *>(begin), memory().used_end - begin, protection) != 0)
    std::abort();
}

// Up to where nothing else may lie: behind a margin.
uint64_t margin_end(uint64_t address, size_t bytes) {
  return (address + bytes + kAlignment - 1) / kAlignment * kAlignment + kAlignment;
}

uint64_t find_room(size_t bytes) {
  uint64_t at = reserved_begin();
  for (const auto &[address, allocation] : memory().allocations) {
    if (margin_end(at, bytes) <= address) return at;
    at = margin_end(address, allocation.bytes);
  }
  return margin_end(at, bytes) <= reserved_begin() + kReserved ? at : 0;
}

// The one at or before an address; nullptr: none.
template <typename T>
const std::pair<const uint64_t, T> *before(const std::map<uint64_t, T> &allocations,
                                           uint64_t address) {
  const auto after = allocations.upper_bound(address);
  return after == allocations.begin() ? nullptr : &*std::prev(after);
}
template <typename T>
bool holds(const std::map<uint64_t, T> &allocations, uint64_t address, size_t bytes) {
  const auto *found = before(allocations, address);
  return found && address + bytes <= found->first + found->second.bytes;
}

void erase(std::map<uint64_t, Allocation>::iterator it) {
  memory().bytes -= it->second.bytes;
  ASAN_POISON_MEMORY_REGION(reinterpret_cast<void *>(it->first), it->second.bytes);
  memory().allocations.erase(it);
}

}  // namespace

uint64_t allocate(Context &context, size_t bytes) {
  if (++memory().tried == driver().settings.no_memory_at || bytes > free_bytes(context.device))
    return 0;
  const uint64_t address = find_room(bytes);
  if (address == 0) return 0;
  const uint64_t end = margin_end(address, bytes);
  memory().used_end = std::max(memory().used_end, (end + kPage - 1) / kPage * kPage);
  const Open open;
  ASAN_UNPOISON_MEMORY_REGION(reinterpret_cast<void *>(address), bytes);
  std::memset(reinterpret_cast<void *>(address), kUnwritten, bytes);
  cuda_on_host::guard(reinterpret_cast<void *>(address + bytes), end - address - bytes);
  memory().allocations.emplace(address, Allocation{bytes, &context});
  memory().bytes += bytes;
  memory().most_bytes = std::max(memory().most_bytes, memory().bytes);
  return address;
}

bool release(uint64_t address) {
  const auto found = memory().allocations.find(address);
  if (found == memory().allocations.end()) return false;
  erase(found);
  return true;
}

void free_memory_of(Context &context) {
  for (auto it = memory().allocations.begin(); it != memory().allocations.end();) {
    const auto next = std::next(it);
    if (it->second.context == &context) erase(it);
    it = next;
  }
}

size_t free_bytes(int device) {
  size_t used = 0;
  for (const auto &[address, allocation] : memory().allocations) {
    if (allocation.context->device == device) used += allocation.bytes;
  }
  const size_t all = driver().settings.memory;
  return used < all ? all - used : 0;
}

bool is_of_device(uint64_t address) { return address - reserved_begin() < kReserved; }

bool was_ever_used(uint64_t address) {
  return is_of_device(address) && address < memory().used_end;
}

bool is_allocated(uint64_t address, size_t bytes) {
  return holds(memory().allocations, address, bytes);
}

Life life_at(uint64_t address) {
  if (is_allocated(address, 0)) return before(memory().allocations, address)->second.life;
  if (is_pinned(address, 0)) return before(memory().host_allocations, address)->second.life;
  return nullptr;
}

bool margins_are_untouched() {
  const Open open;
  for (const auto &[address, allocation] : memory().allocations) {
    const uint64_t begin = address + allocation.bytes;
    const uint64_t end = margin_end(address, allocation.bytes);
    if (!cuda_on_host::is_intact(reinterpret_cast<void *>(begin), end - begin)) return false;
  }
  return true;
}

Open::Open() {
  if (memory().open_scopes++ == 0) set_access(PROT_READ | PROT_WRITE);
}
Open::~Open() {
  if (--memory().open_scopes == 0) set_access(PROT_NONE);
}

void *allocate_host(size_t bytes) {
  void *made = std::malloc(std::max<size_t>(bytes, 1));
  if (made) {
    std::memset(made, kUnwritten, bytes);
    memory().host_allocations.emplace(reinterpret_cast<uint64_t>(made), HostAllocation{bytes});
  }
  return made;
}
bool release_host(void *made) {
  if (memory().host_allocations.erase(reinterpret_cast<uint64_t>(made)) == 0) return false;
  std::free(made);
  return true;
}
bool is_pinned(uint64_t address, size_t bytes) {
  return holds(memory().host_allocations, address, bytes);
}

MemoryCounts memory_counts() {
  return {memory().allocations.size(), memory().bytes, memory().most_bytes,
          memory().host_allocations.size()};
}
void reset_memory_counts() {
  memory().most_bytes = memory().bytes;
  memory().tried = 0;
}

}  // namespace hcd::stub
