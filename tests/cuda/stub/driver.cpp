// SPDX-License-Identifier: BSD-2-Clause
#include "stub/driver.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "stub/memory.h"
#include "stub/stub.h"

namespace hcd::stub {
namespace {

size_t number(const char *variable, size_t otherwise) {
  const char *text = std::getenv(variable);
  if (!text) return otherwise;
  char *end = nullptr;
  const unsigned long long value = std::strtoull(text, &end, 10);
  if (end == text || *end) {
    std::fprintf(stderr, "%s: expected a whole number, found '%s'\n", variable, text);
    std::abort();
  }
  return value;
}

Settings from_environment() {
  return {static_cast<int>(number("HCD_STUB_DEVICES", 1)),
          static_cast<int>(number("HCD_STUB_DRIVER_VERSION", 13000)),
          number("HCD_STUB_MEMORY", 4096) << 20,
          number("HCD_STUB_NO_MEMORY_AT", 0),
          number("HCD_STUB_NO_LAUNCH_AT", 0),
          number("HCD_STUB_LOST_AT", 0),
          number("HCD_STUB_NO_GRAPH_AT", 0),
          static_cast<uint32_t>(number("HCD_STUB_SEED", 0))};
}

std::string noted;

// Where the calls are told; nullptr: nowhere. At its end: what is left.
class Log {
 public:
  Log() {
    const char *name = std::getenv("HCD_STUB_LOG");
    if (name) file_ = std::fopen(name, "a");
  }
  ~Log() {
    const Driver &d = driver();
    const MemoryCounts memory = memory_counts();
    line(
        "left: contexts %zu, streams %zu, events %zu, modules %zu, graphs %zu, executables %zu, "
        "allocations %zu, pinned %zu",
        d.contexts.size(), d.streams.size(), d.events.size(), d.modules.size(), d.graphs.size(),
        d.executables.size(), memory.allocations, memory.host_allocations);
    if (file_) std::fclose(file_);
  }
  Log(const Log &) = delete;
  Log &operator=(const Log &) = delete;

  void line(const char *format, ...) __attribute__((format(printf, 2, 3))) {
    if (!file_) return;
    va_list arguments;
    va_start(arguments, format);
    std::vfprintf(file_, format, arguments);
    va_end(arguments);
    std::fputc('\n', file_);
    std::fflush(file_);
  }

 private:
  std::FILE *file_ = nullptr;
};

}  // namespace

// Never destroyed: others may call when the process ends.
Driver &driver() {
  static Driver &one = [&]() -> Driver & {
    auto *made = new Driver;
    made->settings = from_environment();
    return *made;
  }();
  return one;
}

std::vector<Context *> &pushed() {
  static thread_local std::vector<Context *> stack;
  return stack;
}

void note(const char *format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  noted += ' ';
  noted += text;
}

Result logged(const char *name, Result result) {
  static Log log;
  log.line("%s%s: %s", name, noted.c_str(), error_name(result));
  noted.clear();
  return result;
}

}  // namespace hcd::stub

using namespace hcd::stub;

extern "C" __attribute__((visibility("default"))) void hcd_stub_get_state(hcd_stub_state *state) {
  Driver &d = driver();
  const std::lock_guard lock(d.mutex);
  const MemoryCounts memory = memory_counts();
  *state = {d.contexts.size(),       d.streams.size(),     d.events.size(),    d.modules.size(),
            d.graphs.size(),         d.executables.size(), memory.allocations, memory.bytes,
            memory.host_allocations, pushed().size(),      d.launches,         d.graph_launches,
            d.stream_waits,          memory.most_bytes};
}

extern "C" __attribute__((visibility("default"))) void hcd_stub_reset() {
  Driver &d = driver();
  const std::lock_guard lock(d.mutex);
  d.settings = from_environment();
  d.launches = d.instantiated = d.graph_launches = d.stream_waits = 0;
  d.lost.clear();
  reset_memory_counts();
}
