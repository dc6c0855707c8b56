// SPDX-License-Identifier: BSD-2-Clause
#include "on_host/block.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <numeric>
#include <vector>

#include "on_host/fiber.h"
#include "on_host/guard.h"

namespace hcd::cuda_on_host {

Where where;

namespace {

enum class State { kReady, kAtBlockBarrier, kAtWarpBarrier, kEnded };

struct Thread {
  Fiber fiber;
  State state;
  uint3 index;
  int line;       // of the block's barrier where it waits
  uint32_t mask;  // of the warp's barrier where it waits, with what it gives
  uint64_t value;
  unsigned source;
  bool vote;
  Exchanged got;
};

#ifdef __SANITIZE_ADDRESS__
constexpr size_t kStack = 256 << 10;
#else
constexpr size_t kStack = 64 << 10;
#endif
constexpr size_t kPage = 4096;
constexpr unsigned char kUnwritten = 0xff;

std::vector<Thread> threads;
size_t thread_count, running;
const std::function<void()> *body;
const char *failure;

Thread &current() { return threads[running]; }

void fail(const char *text) {
  if (!failure) failure = text;
  current().state = State::kEnded;
  current().fiber.leave(true);
}

void enter() {
  current().fiber.entered();
  (*body)();
  current().state = State::kEnded;
  current().fiber.leave(true);
}

// Each with a page below that nothing may touch.
char *stack_of(size_t i) {
  static char *const stacks = [] {
    constexpr size_t each = kStack + kPage;
    void *memory = mmap(nullptr, kMostThreads * each, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t n = 0; n < kMostThreads; ++n) {
      mprotect(static_cast<char *>(memory) + n * each, kPage, PROT_NONE);
    }
    return static_cast<char *>(memory);
  }();
  return stacks + i * (kStack + kPage) + kPage;
}

// ---- shared memory: arrays with gaps between them ----

constexpr size_t kGap = 64;
constexpr size_t kArena = kMostShared + 256 * kGap;
alignas(256) char arena[kArena];
size_t arena_end, static_bytes;
struct Span {
  size_t begin, size;
};
std::vector<Span> arrays;
size_t dynamic_at;

size_t take(size_t bytes) {
  const size_t at = arena_end;
  arena_end = (at + bytes + kGap + 15) / 16 * 16;
  ASAN_UNPOISON_MEMORY_REGION(arena + at, bytes);
  std::memset(arena + at, kUnwritten, bytes);
  guard(arena + at + bytes, arena_end - at - bytes);
  arrays.push_back({at, bytes});
  return at;
}

void new_shared(size_t dynamic_bytes) {
  arena_end = static_bytes = 0;
  arrays.clear();
  dynamic_at = take(dynamic_bytes);
}

bool gaps_are_untouched() {
  for (size_t i = 0; i < arrays.size(); ++i) {
    const size_t begin = arrays[i].begin + arrays[i].size;
    const size_t end = i + 1 < arrays.size() ? arrays[i + 1].begin : arena_end;
    if (!is_intact(arena + begin, end - begin)) return false;
  }
  return true;
}

// ---- the order ----

uint32_t mixed(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t h = a * 0x9e3779b1U ^ b * 0x85ebca6bU ^ c * 0xc2b2ae35U;
  h = (h ^ h >> 15) * 0x2c1b3c6dU;
  h = (h ^ h >> 12) * 0x297a2d39U;
  return h ^ h >> 15;
}

// All of n, beginning anywhere, up or down.
class Turn {
 public:
  Turn(size_t n, uint32_t random) : n_(n), first_(random / 2 % n), up_(random % 2 != 0) {}
  size_t operator[](size_t k) const { return (first_ + (up_ ? k : n_ - k)) % n_; }

 private:
  size_t n_, first_;
  bool up_;
};

size_t step_through(size_t n) {
  size_t step = std::max<size_t>(1, n * 5 / 8);
  while (std::gcd(step, n) != 1) ++step;
  return step;
}

// ---- a block ----

// Lets all go on that wait at the block's barrier, if all threads do.
void release_block() {
  bool some_ended = false, warp_waits = false, one_line = true;
  for (size_t i = 0; i < thread_count; ++i) {
    some_ended |= threads[i].state == State::kEnded;
    warp_waits |= threads[i].state == State::kAtWarpBarrier;
    one_line &= threads[i].line == threads[0].line;
  }
  if (warp_waits) {
    failure = "a warp that waits for lanes that never come";
  } else if (some_ended) {
    failure = "__syncthreads() that some threads of the block never reach";
  } else if (!one_line) {
    failure = "__syncthreads() at which not all threads of the block wait: some are at another";
  } else {
    for (size_t i = 0; i < thread_count; ++i) threads[i].state = State::kReady;
  }
}

void run_block(size_t shared_bytes, uint32_t seed) {
  ++where.serial;
  new_shared(shared_bytes);
  const dim3 size = where.block_size;
  for (size_t i = 0; i < thread_count; ++i) {
    const auto at = static_cast<unsigned>(i);
    threads[i].index = {at % size.x, at / size.x % size.y, at / (size.x * size.y)};
    threads[i].state = State::kReady;
    threads[i].fiber.start(stack_of(i), kStack, enter);
  }
  const auto block = static_cast<uint32_t>(where.serial);
  for (uint32_t phase = 0; !failure; ++phase) {
    const Turn turn(thread_count, mixed(seed, block, phase));
    size_t ran = 0, ended = 0;
    for (size_t k = 0; k < thread_count && !failure; ++k) {
      running = turn[k];
      if (current().state == State::kReady) {
        where.thread = current().index;
        current().fiber.enter();
        ++ran;
      }
    }
    for (size_t i = 0; i < thread_count; ++i) ended += threads[i].state == State::kEnded;
    if (ended == thread_count) break;
    if (ran == 0) release_block();
  }
  if (!failure && !gaps_are_untouched()) failure = "shared memory written beyond an array's end";
}

bool is_waiting(size_t thread, uint32_t mask) {
  return threads[thread].state == State::kAtWarpBarrier && threads[thread].mask == mask;
}

// Lets the lanes of the running thread's mask go on, if all of them wait; the running one is ready.
void release_warp(size_t first, unsigned lanes, uint32_t mask) {
  uint32_t votes = 0;
  for (unsigned i = 0; i < lanes; ++i) {
    if ((mask >> i & 1) == 0) continue;
    if (!is_waiting(first + i, mask)) return;
    votes |= uint32_t{threads[first + i].vote} << i;
  }
  for (unsigned i = 0; i < lanes; ++i) {
    if ((mask >> i & 1) == 0) continue;
    Thread &thread = threads[first + i];
    const bool given = thread.source < lanes && (mask >> thread.source & 1) != 0;
    thread.got = {given ? threads[first + thread.source].value : ~uint64_t{0}, votes};
    thread.state = State::kReady;
  }
}

}  // namespace

const char *launch(dim3 grid, dim3 block, size_t shared_bytes, uint32_t seed,
                   const std::function<void()> &kernel) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  thread_count = size_t{block.x} * block.y * block.z;
  const size_t blocks = size_t{grid.x} * grid.y * grid.z;
  if (thread_count == 0 || thread_count > kMostThreads)
    return "threads of a block: not in [1, 1024]";
  if (blocks == 0) return "a grid without blocks";
  if (shared_bytes > kMostShared) return "shared memory of a block: more than 99 KB";
  if (threads.size() < thread_count) threads.resize(thread_count);
  body = &kernel;
  failure = nullptr;
  where.block_size = block;
  where.grid_size = grid;
  const size_t step = step_through(blocks);
  for (size_t i = 0, at = seed % blocks; i < blocks && !failure; ++i, at = (at + step) % blocks) {
    where.block = {static_cast<unsigned>(at % grid.x), static_cast<unsigned>(at / grid.x % grid.y),
                   static_cast<unsigned>(at / (size_t{grid.x} * grid.y))};
    run_block(shared_bytes, seed);
  }
  return failure;
}

void block_barrier(int line) {
  current().line = line;
  current().state = State::kAtBlockBarrier;
  current().fiber.leave(false);
}

unsigned lane() { return static_cast<unsigned>(running % kWarp); }

Exchanged warp_exchange(uint32_t mask, uint64_t value, unsigned source, bool vote) {
  const size_t first = running / kWarp * kWarp;
  const auto lanes = static_cast<unsigned>(std::min<size_t>(kWarp, thread_count - first));
  if ((mask >> lane() & 1) == 0) fail("a warp's mask without the lane that waits");
  Thread &thread = current();
  thread.mask = mask;
  thread.value = value;
  thread.source = source;
  thread.vote = vote;
  thread.state = State::kAtWarpBarrier;
  release_warp(first, lanes, mask);
  if (thread.state != State::kReady) thread.fiber.leave(false);
  return thread.got;
}

void *allocate_shared(size_t bytes) {
  static_bytes += bytes;
  if (static_bytes > kMostStaticShared || arena_end + bytes + kGap > kArena) {
    fail("static shared memory of a block: more than 48 KB");
  }
  return arena + take(bytes);
}

unsigned char *dynamic_shared() { return reinterpret_cast<unsigned char *>(arena + dynamic_at); }

}  // namespace hcd::cuda_on_host
