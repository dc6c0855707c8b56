// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/device.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "engine/cuda/module.h"

namespace hcd::cuda {
namespace {

// The number of the current context's device.
int index_of_current(DeviceId *device) {
  const Driver &d = driver();
  d.check(d.context_device(device), "cuCtxGetDevice");
  DeviceId other = 0;
  for (int index = 0; d.device_get(&other, index) == kSuccess; ++index) {
    if (other == *device) return index;
  }
  throw Error(HCD_E_DEVICE, "CUDA: the context's device is none of those that the driver counts");
}

}  // namespace

// The context, and blocks of its memory: freed when the device and all buffers are gone.
struct Device::State {
  explicit State(Context caller) : context(caller) {}
  ~State() {
    if (!context) return;
    try {
      const Current current(context);
      for (const auto &[pointer, block] : blocks) driver().memory_free(pointer);
      if (own_stream) driver().stream_destroy(own_stream);
      if (changed) driver().event_destroy(changed);
      if (pinned) driver().host_free(pinned);
      if (module) driver().module_unload(module);
    } catch (const Error &) {  // a lost device: its memory is gone with it
    }
    if (retained) driver().primary_release(device);
  }
  State(const State &) = delete;
  State &operator=(const State &) = delete;

  struct Block {
    explicit Block(size_t n) : floats(n) {}
    size_t floats;
    bool lent = false;
    bool recorded = false;    // a recording uses it
    uint64_t given_back = 0;  // when
  };
  // Frees the block that has lain idle longest; false: there is none. The context is current.
  bool free_oldest() {
    auto oldest = blocks.end();
    for (auto it = blocks.begin(); it != blocks.end(); ++it) {
      if (it->second.lent || it->second.recorded) continue;
      if (oldest == blocks.end() || it->second.given_back < oldest->second.given_back) oldest = it;
    }
    if (oldest == blocks.end()) return false;
    driver().memory_free(oldest->first);  // waits for work on it
    kept -= oldest->second.floats;
    blocks.erase(oldest);
    return true;
  }

  DeviceId device = 0;
  Context context = nullptr;
  bool retained = false;
  Module module = nullptr;
  Stream own_stream = nullptr;
  Event changed = nullptr;
  std::unordered_map<const char *, Function> functions;  // by where the name lies
  std::map<DevicePointer, Block> blocks;                 // by address
  size_t kept = 0, lent = 0, most_lent = 0;              // floats
  uint64_t returns = 0;                                  // of blocks, ever
  double *pinned = nullptr;
  bool recording = false;
  int recordings = 0;
  // After the last one its memory is like any other.
  void drop_recording() {
    if (--recordings > 0) return;
    for (auto &[pointer, block] : blocks) block.recorded = false;
  }
};

Device::Device(int index, Context context)
    : state_(std::make_shared<State>(context)), index_(index) {
  const Driver &d = driver();
  State &s = *state_;
  if (!context) {
    int count = 0;
    d.check(d.device_count(&count), "cuDeviceGetCount");
    HCD_CHECK(index >= 0 && index < count, HCD_E_DEVICE,
              "expected the number of a CUDA device, of which there are %d, found %d", count,
              index);
    d.check(d.device_get(&s.device, index), "cuDeviceGet");
    d.check(d.primary_retain(&s.context, s.device), "cuDevicePrimaryCtxRetain");
    s.retained = true;
  }
  const Current current(s.context);
  if (context) index_ = index_of_current(&s.device);
  char text[256] = "";
  d.check(d.device_name(text, sizeof(text), s.device), "cuDeviceGetName");
  name_ = text;
  d.check(d.module_load(&s.module, kernels_image()),
          "the kernels of this build on this GPU and driver (docs/cuda.md says which they need)");
  constexpr unsigned kNonBlocking = 1, kNoTiming = 2;
  d.check(d.stream_create(&s.own_stream, kNonBlocking), "cuStreamCreate");
  d.check(d.event_create(&s.changed, kNoTiming), "cuEventCreate");
  void *pinned = nullptr;
  d.check(d.host_allocate(&pinned, sizeof(double), 0), "cuMemHostAlloc");
  s.pinned = static_cast<double *>(pinned);
  stream_ = s.own_stream;
}

Device::~Device() = default;

Device::Current::Current(Context context) {
  driver().check(driver().context_push(context), "cuCtxPushCurrent");
}
Device::Current::Current(const Device &device) : Current(device.state_->context) {}
Device::Current::~Current() {
  Context popped = nullptr;
  driver().context_pop(&popped);
}

void Device::use_stream(Stream stream) {
  if (!stream) stream = state_->own_stream;
  if (stream == stream_) return;
  const Current current(*this);
  const Driver &d = driver();
  d.check(d.event_record(state_->changed, stream_), "cuEventRecord");
  d.check(d.stream_wait(stream, state_->changed, 0), "cuStreamWaitEvent");
  stream_ = stream;
}

Buffer Device::allocate(size_t floats) {
  State &s = *state_;
  // The smallest that is large enough, if less than half of it would lie idle.
  auto best = s.blocks.end();
  for (auto it = s.blocks.begin(); it != s.blocks.end(); ++it) {
    const size_t size = it->second.floats;
    if (it->second.lent || (it->second.recorded && !s.recording)) continue;
    if (size < floats || size > 2 * floats + 64) continue;
    if (best == s.blocks.end() || size < best->second.floats) best = it;
  }
  if (best == s.blocks.end()) best = s.blocks.emplace(new_block(floats), floats).first;
  best->second.lent = true;
  best->second.recorded |= s.recording;
  s.lent += best->second.floats;
  s.most_lent = std::max(s.most_lent, s.lent);
  const DevicePointer pointer = best->first;
  return {reinterpret_cast<float *>(pointer), floats, [state = state_, pointer](float *) {
            State::Block &block = state->blocks.at(pointer);
            block.lent = false;
            block.given_back = ++state->returns;
            state->lent -= block.floats;
          }};
}

uint64_t Device::new_block(size_t floats) {
  State &s = *state_;
  const Current current(*this);
  while (s.kept + floats > 2 * std::max(s.most_lent, s.lent + floats) && s.free_oldest()) {
  }
  DevicePointer pointer = 0;
  const size_t bytes = std::max<size_t>(floats, 1) * sizeof(float);
  Result result = driver().memory_allocate(&pointer, bytes);
  while (result == kOutOfMemory && s.free_oldest()) {
    result = driver().memory_allocate(&pointer, bytes);
  }
  HCD_CHECK(result != kOutOfMemory, HCD_E_MEMORY,
            "out of memory of the GPU: expected %zu MB for the planes of a frame, found less",
            bytes >> 20);
  driver().check(result, "cuMemAlloc");
  s.kept += floats;
  return pointer;
}

bool Device::contains(const void *pointer) const {
  const auto address = reinterpret_cast<DevicePointer>(pointer);
  auto after = state_->blocks.upper_bound(address);
  if (after == state_->blocks.begin()) return false;
  --after;
  return address < after->first + std::max<size_t>(after->second.floats, 1) * sizeof(float);
}

void Device::launch(const char *kernel, Extent grid, Extent block, unsigned shared_bytes,
                    void **parameters) {
  const Current current(*this);
  const Driver &d = driver();
  Function &function = state_->functions[kernel];
  if (!function) d.check(d.module_function(&function, state_->module, kernel), kernel);
  d.check(d.launch(function, grid.x, grid.y, grid.z, block.x, block.y, block.z, shared_bytes,
                   stream_, parameters, nullptr),
          kernel);
}

void Device::queue_copy(const void *from, void *to, size_t bytes) {
  if (bytes == 0) return;
  const Current current(*this);
  driver().check(driver().copy_async(reinterpret_cast<DevicePointer>(to),
                                     reinterpret_cast<DevicePointer>(from), bytes, stream_),
                 "cuMemcpyAsync");
}

void Device::copy(const void *from, void *to, size_t bytes) {
  queue_copy(from, to, bytes);
  if (!contains(from) || !contains(to)) synchronise();
}

void Device::copy_rows(const void *from, size_t from_pitch, void *to, size_t to_pitch,
                       size_t row_bytes, size_t rows) {
  if (row_bytes == 0 || rows == 0) return;
  const Current current(*this);
  Copy2D c;
  c.src = reinterpret_cast<DevicePointer>(from);
  c.src_pitch = from_pitch;
  c.dst = reinterpret_cast<DevicePointer>(to);
  c.dst_pitch = to_pitch;
  c.width_bytes = row_bytes;
  c.height = rows;
  driver().check(driver().copy_2d_async(&c, stream_), "cuMemcpy2DAsync");
  if (!contains(from) || !contains(to)) synchronise();
}

double *Device::pinned() { return state_->pinned; }

bool Device::is_recording() const { return state_->recording; }

GraphExec Device::record(const std::function<void()> &work) {
  ++state_->recordings;
  try {
    return capture(work);
  } catch (...) {
    state_->drop_recording();
    throw;
  }
}

GraphExec Device::capture(const std::function<void()> &work) {
  const Current current(*this);
  const Driver &d = driver();
  // Not on the caller's stream: the default one cannot be recorded.
  const Stream before = std::exchange(stream_, state_->own_stream);
  const auto end = [&](Graph *graph) {
    state_->recording = false;
    stream_ = before;
    return d.stream_end_capture(state_->own_stream, graph);
  };
  Graph graph = nullptr;
  d.check(d.stream_begin_capture(stream_, kRelaxedCapture), "cuStreamBeginCapture");
  state_->recording = true;
  try {
    work();
  } catch (...) {
    end(&graph);
    if (graph) d.graph_destroy(graph);
    throw;
  }
  d.check(end(&graph), "cuStreamEndCapture");
  GraphExec executable = nullptr;
  const Result result = d.graph_instantiate(&executable, graph, 0);
  d.graph_destroy(graph);
  d.check(result, "cuGraphInstantiate");
  return executable;
}

void Device::forget(GraphExec recording) {
  state_->drop_recording();
  const Current current(*this);
  driver().graph_exec_destroy(recording);
}

void Device::synchronise() {
  HCD_CHECK(!state_->recording, HCD_E_INTERNAL,
            "work on the GPU that is recorded: expected none that waits, found some");
  const Current current(*this);
  driver().check(driver().stream_synchronize(stream_), "cuStreamSynchronize");
}

}  // namespace hcd::cuda
