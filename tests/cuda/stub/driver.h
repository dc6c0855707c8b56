// SPDX-License-Identifier: BSD-2-Clause
// What the stand-in's parts share: its objects, and the frame around every call.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "engine/cuda/driver.h"
#include "on_host/block.h"

namespace hcd::stub {

using cuda::Result;

enum : Result {
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNotInitialized = 3,
  kDeviceUnavailable = 46,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidContext = 201,
  kInvalidHandle = 400,
  kIllegalState = 401,
  kNotFound = 500,
  kNotReady = 600,
  kIllegalAddress = 700,
  kLaunchOutOfResources = 701,
  kPrimaryContextActive = 708,
  kLaunchFailed = 719,
  kNotSupported = 801,
  kCaptureUnsupported = 900,
  kCaptureInvalidated = 901,
  kCaptureMerge = 902,
  kCaptureIsolation = 905,
  kCaptureImplicit = 906,
  kCapturedEvent = 907,
  kCaptureWrongThread = 908,
};
const char *error_name(Result result);  // nullptr: no such error
const char *error_text(Result result);

struct Settings {
  int devices, driver_version;
  size_t memory;  // bytes
  size_t no_memory_at, no_launch_at, lost_at, no_graph_at;
  uint32_t seed;
};

// ---- objects; a handle is the address of one ----

// Lives as long as the memory or the module that it was asked from.
using Life = std::shared_ptr<const void>;
struct Work {
  std::function<Result()> run;
  std::vector<std::weak_ptr<const void>> needs = {};  // lives; has failed without one of them
  const char *kernel = nullptr;                       // its name, of a launch
};

struct Context;
// What a stream is told while it captures.
struct Capture {
  int mode;
  std::thread::id thread;  // that began it
  std::vector<Work> works = {};
  bool invalid = false, ended = false;
};
struct Stream {
  Context *context;
  bool blocking;  // waits for the default stream, and it for this
  std::deque<Work> pending = {};
  std::shared_ptr<Capture> capture = nullptr;  // nullptr: it does not
};
struct Context {
  int device;
  bool primary;
  unsigned flags;
  Result error = kSuccess;  // of a kernel, for good
  Stream default_stream{this, true};
};
// A place in a stream.
struct Marker {
  Stream *stream;
  std::shared_ptr<Capture> capture = nullptr;  // that it was recorded in; never reached then
  bool reached = false;
};
struct Event {
  Context *context;
  std::shared_ptr<Marker> recorded;  // nullptr: not yet
};
// Runs a kernel with the parameters that it was made with; nullptr, or what was wrong.
using Launch =
    std::function<const char *(dim3 grid, dim3 block, size_t shared_bytes, uint32_t seed)>;
struct Kernel {
  const char *name;
  Launch (*with)(void **parameters);  // copies them
  // The addresses of devices among them, and in them.
  std::vector<uint64_t> (*addresses)(void **parameters);
};
const Kernel *find_kernel(const std::string &name);  // nullptr: there is none

struct Module;
struct Function {
  Module *module;
  const Kernel *kernel;
  size_t most_dynamic_shared = cuda_on_host::kMostStaticShared;
};
struct Module {
  Context *context;
  std::map<std::string, Function> functions = {};
  Life life = std::make_shared<char>();
};
struct Graph {
  Context *context;
  std::vector<Work> works;
};
struct Executable {
  Context *context;
  std::vector<Work> works;
  std::shared_ptr<Marker> last = nullptr;  // the end of its last launch
};

template <typename T>
class Registry {
 public:
  T *add(T object) {
    objects_.push_back(std::make_unique<T>(std::move(object)));
    return objects_.back().get();
  }
  // nullptr: no such handle, or no longer.
  T *find(const void *handle) const {
    for (const auto &object : objects_) {
      if (object.get() == handle) return object.get();
    }
    return nullptr;
  }
  template <typename Condition>
  void remove_if(Condition condition) {
    std::erase_if(objects_, [&](const auto &object) { return condition(*object); });
  }
  void remove(const T *one) {
    remove_if([&](const T &object) { return &object == one; });
  }
  auto begin() const { return objects_.begin(); }
  auto end() const { return objects_.end(); }
  size_t size() const { return objects_.size(); }

 private:
  std::vector<std::unique_ptr<T>> objects_;
};

struct Driver {
  std::recursive_mutex mutex;  // of all below, and of memory.h; recursive: callbacks call us
  bool initialised = false;
  Settings settings;
  std::map<int, std::pair<Context *, int>> primary;  // of a device: with its users
  std::map<int, unsigned> primary_flags;
  std::vector<int> lost;  // devices
  Registry<Context> contexts;
  Registry<Stream> streams;
  Registry<Event> events;
  Registry<Module> modules;
  Registry<Graph> graphs;
  Registry<Executable> executables;
  size_t launches = 0, instantiated = 0, graph_launches = 0, stream_waits = 0;
};
Driver &driver();

std::vector<Context *> &pushed();  // of the calling thread

// ---- streams ----

// `handle`: nullptr is the default stream of `context`. nullptr: no stream of this context.
Stream *find_stream(Context &context, void *handle);
// Queues it, or captures it where the stream does that.
Result enqueue(Stream &stream, Work work);
// The same for work with launches in it, which count.
Result enqueue_launches(Stream &stream, std::vector<Work> works);
// Runs what waits before a place, in its stream.
void run_until(const Marker &marker);
// Runs what waits in it. Returns the context's error.
Result finish(Stream &stream);
Result finish(Context &context);

// ---- captures ----

// `result`, and no valid capture any longer where the stream captures.
Result fail(Stream &stream, Result result);
// Whether there may be a wait for this stream now: not while it captures, nor for the default
// stream while one captures that blocks. Those captures are invalid then.
Result may_wait(Stream &stream);
// Whether the thread may do now what can wait for all streams, such as to allocate: not while one
// captures in another mode than the relaxed one. Those captures are invalid then.
Result may_stop_all();

// ---- around every call ----

// For the log: what is worth knowing of the arguments.
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
Result logged(const char *name, Result result);

// Runs `body` with the lock held, if the driver is initialised; a `body` that takes a Context gets
// the current one, which has to be there and without an error.
template <typename Body>
Result call(const char *name, Body body) {
  const std::lock_guard lock(driver().mutex);
  if (!driver().initialised) return logged(name, kNotInitialized);
  if constexpr (std::is_invocable_v<Body, Context &>) {
    if (pushed().empty() || !driver().contexts.find(pushed().back())) {
      return logged(name, kInvalidContext);
    }
    Context &context = *pushed().back();
    if (context.error != kSuccess) return logged(name, context.error);
    return logged(name, body(context));
  } else {
    return logged(name, body());
  }
}

}  // namespace hcd::stub

#define HCD_STUB extern "C" __attribute__((visibility("default"))) ::hcd::cuda::Result
