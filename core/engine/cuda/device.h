// SPDX-License-Identifier: BSD-2-Clause
// One CUDA context with our kernels in it: where the engine's memory lies and its work is queued.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>

#include "base/buffer.h"
#include "engine/cuda/driver.h"
#include "engine/cuda/kernels/kernel.h"

namespace hcd::cuda {

struct Extent {
  unsigned x = 1, y = 1, z = 1;
};

// A kernel by its name, with the types of its parameters: HCD_KERNEL_OF(hcd_axpy).
template <typename Signature>
struct Kernel {
  const char *name;
};
#define HCD_KERNEL_OF(name) \
  ::hcd::cuda::Kernel<decltype(name)> { #name }

// Everything throws hcd::Error. Work is queued on one stream, in order. Thread-safety: one thread
// at a time.
class Device {
 public:
  // Device number `index`, in its primary context and on a stream of its own; or in the caller's
  // `context`, which has to outlive it, where that is given.
  explicit Device(int index, Context context = nullptr);
  ~Device();
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  const std::string &name() const { return name_; }  // for the log
  int index() const { return index_; }

  // The caller's stream from now on; nullptr: our own. Work queued before is waited for by the new
  // stream, not by the host.
  void use_stream(Stream stream);
  Stream stream() const { return stream_; }

  // Makes the context current for the length of a scope: around every call of the driver.
  class Current {
   public:
    explicit Current(const Device &device);
    explicit Current(Context context);
    ~Current();
    Current(const Current &) = delete;
    Current &operator=(const Current &) = delete;
  };

  // Of the device; what is given back is kept and handed out again, in all never more than twice of
  // what was lent at the busiest moment (a lent block may be twice as large as asked for). What
  // recorded work was lent is kept for it and for other recordings. Throws HCD_E_MEMORY with what
  // was asked for. Buffers may outlive it.
  Buffer allocate(size_t floats);
  // Whether `pointer` is in memory that allocate() gave.
  bool contains(const void *pointer) const;

  // Queues a kernel. `arguments` are converted to its parameters.
  template <typename... Parameters, typename... Arguments>
  void launch(Kernel<void(Parameters...)> kernel, Extent grid, Extent block, unsigned shared_bytes,
              Arguments... arguments) {
    static_assert(sizeof...(Parameters) == sizeof...(Arguments));
    std::tuple<std::remove_const_t<Parameters>...> values{
        static_cast<std::remove_const_t<Parameters>>(arguments)...};
    std::apply(
        [&](auto &...value) {
          void *pointers[] = {&value...};
          launch(kernel.name, grid, block, shared_bytes, pointers);
        },
        values);
  }

  // Between addresses of this device or of the host. Where one is not in memory that allocate()
  // gave it is done when the call returns.
  void copy(const void *from, void *to, size_t bytes);
  // Rows, whose beginnings lie so many bytes apart (at least `row_bytes`), between this device and
  // the host.
  void copy_rows(const void *from, size_t from_pitch, void *to, size_t to_pitch, size_t row_bytes,
                 size_t rows);
  // Between this device and pinned memory, which has to stay as it is until the stream is there.
  void queue_copy(const void *from, void *to, size_t bytes);

  // A double of pinned memory.
  double *pinned();

  // Waits until everything queued is done, and reports what failed in it.
  void synchronise();

  // What `work` queues, which is not done now; it must not wait, nor change the stream. Several
  // recordings may use the same memory for what lives no longer than their work does: they run one
  // after the other, on the streams that use_stream() puts in order.
  GraphExec record(const std::function<void()> &work);
  // It is done, and not launched again. After the last one their memory is like any other.
  void forget(GraphExec recording);
  bool is_recording() const;

 private:
  struct State;  // shared with the buffers
  uint64_t new_block(size_t floats);
  GraphExec capture(const std::function<void()> &work);
  void launch(const char *kernel, Extent grid, Extent block, unsigned shared_bytes,
              void **parameters);

  std::shared_ptr<State> state_;
  std::string name_;
  int index_;
  Stream stream_ = nullptr;
};

}  // namespace hcd::cuda
