// SPDX-License-Identifier: BSD-2-Clause
// Memory as the API gives it, and copies.
#include <cstring>

#include "stub/driver.h"
#include "stub/memory.h"

using namespace hcd::stub;

namespace {

enum Side { kHost = 1, kDevice = 2, kUnified = 4 };  // CU_MEMORYTYPE_...

struct Place {
  uint64_t address;
  size_t pitch;
  Side side;
};
struct Copy {
  Place to, from;
  size_t width, height;  // width in bytes
};

size_t span(const Place &place, const Copy &copy) {
  return copy.height == 0 ? 0 : (copy.height - 1) * place.pitch + copy.width;
}

// Whether a place is where it is said to be, all of it.
bool is_valid(const Place &place, const Copy &copy) {
  const bool on_device = is_of_device(place.address);
  if (place.side == kHost && on_device) return false;
  if (place.side == kDevice && !on_device) return false;
  if (copy.height > 1 && place.pitch < copy.width) return false;
  return on_device ? is_allocated(place.address, span(place, copy)) : place.address != 0;
}

void run(const Copy &copy) {
  for (size_t y = 0; y < copy.height; ++y) {
    std::memmove(reinterpret_cast<void *>(copy.to.address + y * copy.to.pitch),
                 reinterpret_cast<const void *>(copy.from.address + y * copy.from.pitch),
                 copy.width);
  }
}

enum Wait { kAsync, kNow };

// As the driver has it: memory of the host that is not pinned is read before the call returns, and
// written, too.
Result copy_on(Context &context, void *handle, Copy copy, Wait wait) {
  note("%zu x %zu bytes, %s to %s", copy.width, copy.height,
       is_of_device(copy.from.address) ? "device" : "host",
       is_of_device(copy.to.address) ? "device" : "host");
  Stream *stream = find_stream(context, handle);
  if (!stream) return kInvalidHandle;
  if (wait == kNow) {
    if (const Result result = may_stop_all(); result != kSuccess) return result;
  }
  if (copy.width == 0 || copy.height == 0) return kSuccess;
  if (!is_valid(copy.to, copy) || !is_valid(copy.from, copy)) return fail(*stream, kInvalidValue);
  const auto is_pageable = [&](const Place &place) {
    return !is_of_device(place.address) && !is_pinned(place.address, span(place, copy));
  };
  if (is_pageable(copy.to)) wait = kNow;
  if (wait == kNow || is_pageable(copy.from)) {
    if (const Result result = may_wait(*stream); result != kSuccess) return result;
  }
  if (wait == kAsync && is_pageable(copy.from)) {
    auto kept = std::make_shared<std::vector<char>>(copy.width * copy.height);
    const auto inner = reinterpret_cast<uint64_t>(kept->data());
    run({{inner, copy.width, kHost}, copy.from, copy.width, copy.height});
    copy.from = {inner, copy.width, kHost};
    return enqueue(*stream, {[copy, kept] {
      run(copy);
      return kSuccess;
    }});
  }
  Work work{[copy] {
    run(copy);
    return kSuccess;
  }};
  for (const Place &place : {copy.to, copy.from}) {
    if (!is_pageable(place)) work.needs.push_back(life_at(place.address));
  }
  const Result queued = enqueue(*stream, std::move(work));
  return wait == kNow && queued == kSuccess ? finish(*stream) : queued;
}

Copy line(uint64_t to, Side to_side, uint64_t from, Side from_side, size_t bytes) {
  return {{to, bytes, to_side}, {from, bytes, from_side}, bytes, 1};
}
uint64_t address(const void *pointer) { return reinterpret_cast<uint64_t>(pointer); }

Result copy_2d(Context &context, const hcd::cuda::Copy2D *c, void *stream, Wait wait) {
  constexpr int kArray = 3;
  if (c->src_type == kArray || c->dst_type == kArray) return kNotSupported;
  const uint64_t to = c->dst_type == kHost ? address(c->dst_host) : c->dst;
  const uint64_t from = c->src_type == kHost ? address(c->src_host) : c->src;
  return copy_on(context, stream,
                 {{to + c->dst_y * c->dst_pitch + c->dst_x, c->dst_pitch, Side(c->dst_type)},
                  {from + c->src_y * c->src_pitch + c->src_x, c->src_pitch, Side(c->src_type)},
                  c->width_bytes,
                  c->height},
                 wait);
}

template <typename T>
Result fill(Context &context, void *handle, uint64_t to, T value, size_t n) {
  Stream *stream = find_stream(context, handle);
  if (!stream) return kInvalidHandle;
  if (!is_of_device(to) || !is_allocated(to, n * sizeof(T))) return fail(*stream, kInvalidValue);
  return enqueue(*stream, {[=] {
                             std::fill_n(reinterpret_cast<T *>(to), n, value);
                             return kSuccess;
                           },
                           {life_at(to)}});
}

}  // namespace

HCD_STUB cuMemAlloc_v2(uint64_t *pointer, size_t bytes) {
  return call("cuMemAlloc", [&](Context &context) -> Result {
    note("%zu bytes", bytes);
    if (const Result result = may_stop_all(); result != kSuccess) return result;
    if (bytes == 0) return kInvalidValue;
    *pointer = allocate(context, bytes);
    return *pointer ? kSuccess : kOutOfMemory;
  });
}
HCD_STUB cuMemAllocPitch_v2(uint64_t *pointer, size_t *pitch, size_t width, size_t height,
                            unsigned) {
  *pitch = (width + 511) / 512 * 512;
  return cuMemAlloc_v2(pointer, *pitch * height);
}
HCD_STUB cuMemFree_v2(uint64_t pointer) {
  return call("cuMemFree", [&](Context &context) -> Result {
    if (const Result result = may_stop_all(); result != kSuccess) return result;
    finish(context);  // memory stays while work needs it
    if (pointer == 0) return kSuccess;
    return release(pointer) ? kSuccess : kInvalidValue;
  });
}
HCD_STUB cuMemGetInfo_v2(size_t *available, size_t *all) {
  return call("cuMemGetInfo", [&](Context &context) {
    *available = free_bytes(context.device);
    *all = driver().settings.memory;
    return kSuccess;
  });
}
HCD_STUB cuMemHostAlloc(void **pointer, size_t bytes, unsigned) {
  return call("cuMemHostAlloc", [&](Context &) -> Result {
    note("%zu bytes", bytes);
    if (const Result result = may_stop_all(); result != kSuccess) return result;
    *pointer = allocate_host(bytes);
    return *pointer ? kSuccess : kOutOfMemory;
  });
}
HCD_STUB cuMemFreeHost(void *pointer) {
  return call("cuMemFreeHost", [&](Context &context) -> Result {
    if (const Result result = may_stop_all(); result != kSuccess) return result;
    finish(context);
    return release_host(pointer) ? kSuccess : kInvalidValue;
  });
}

HCD_STUB cuMemcpy(uint64_t to, uint64_t from, size_t bytes) {
  return call("cuMemcpy", [&](Context &context) {
    return copy_on(context, nullptr, line(to, kUnified, from, kUnified, bytes), kNow);
  });
}
HCD_STUB cuMemcpyAsync(uint64_t to, uint64_t from, size_t bytes, void *stream) {
  return call("cuMemcpyAsync", [&](Context &context) {
    return copy_on(context, stream, line(to, kUnified, from, kUnified, bytes), kAsync);
  });
}
HCD_STUB cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *stream) {
  return call("cuMemcpyHtoDAsync", [&](Context &context) {
    return copy_on(context, stream, line(to, kDevice, address(from), kHost, bytes), kAsync);
  });
}
HCD_STUB cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *stream) {
  return call("cuMemcpyDtoHAsync", [&](Context &context) {
    return copy_on(context, stream, line(address(to), kHost, from, kDevice, bytes), kAsync);
  });
}
HCD_STUB cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *stream) {
  return call("cuMemcpyDtoDAsync", [&](Context &context) {
    return copy_on(context, stream, line(to, kDevice, from, kDevice, bytes), kAsync);
  });
}
HCD_STUB cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes) {
  return call("cuMemcpyHtoD", [&](Context &context) {
    return copy_on(context, nullptr, line(to, kDevice, address(from), kHost, bytes), kNow);
  });
}
HCD_STUB cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) {
  return call("cuMemcpyDtoH", [&](Context &context) {
    return copy_on(context, nullptr, line(address(to), kHost, from, kDevice, bytes), kNow);
  });
}
HCD_STUB cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t bytes) {
  return call("cuMemcpyDtoD", [&](Context &context) {
    return copy_on(context, nullptr, line(to, kDevice, from, kDevice, bytes), kAsync);
  });
}
HCD_STUB cuMemcpy2DAsync_v2(const hcd::cuda::Copy2D *copy, void *stream) {
  return call("cuMemcpy2DAsync",
              [&](Context &context) { return copy_2d(context, copy, stream, kAsync); });
}
HCD_STUB cuMemcpy2D_v2(const hcd::cuda::Copy2D *copy) {
  return call("cuMemcpy2D",
              [&](Context &context) { return copy_2d(context, copy, nullptr, kNow); });
}
HCD_STUB cuMemsetD8Async(uint64_t to, unsigned char value, size_t n, void *stream) {
  return call("cuMemsetD8Async",
              [&](Context &context) { return fill(context, stream, to, value, n); });
}
HCD_STUB cuMemsetD32Async(uint64_t to, unsigned value, size_t n, void *stream) {
  return call("cuMemsetD32Async",
              [&](Context &context) { return fill(context, stream, to, value, n); });
}
