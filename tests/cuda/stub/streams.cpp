// SPDX-License-Identifier: BSD-2-Clause
// Streams and events. Work runs when somebody waits for it, and no earlier.
#include "stub/driver.h"
#include "stub/memory.h"

namespace hcd::stub {
namespace {

void run_one(Stream &stream) {
  const Work work = std::move(stream.pending.front());
  stream.pending.pop_front();
  Context &context = *stream.context;
  const Result result = work();
  if (result != kSuccess && context.error == kSuccess) context.error = result;
  if (context.error != kSuccess) stream.pending.clear();
}

void run_all(Stream &stream) {
  const Open open;
  while (!stream.pending.empty()) run_one(stream);
}

void run_until(const Marker &marker) {
  const Open open;
  while (!marker.reached && !marker.stream->pending.empty()) run_one(*marker.stream);
}

Event *find_event(Context &context, void *handle) {
  Event *event = driver().events.find(handle);
  return event && event->context == &context ? event : nullptr;
}

}  // namespace

Stream *find_stream(Context &context, void *handle) {
  constexpr uintptr_t kLegacy = 1;  // CU_STREAM_LEGACY
  if (!handle || reinterpret_cast<uintptr_t>(handle) == kLegacy) return &context.default_stream;
  Stream *stream = driver().streams.find(handle);
  return stream && stream->context == &context ? stream : nullptr;
}

void enqueue(Stream &stream, Work work) {
  Stream &first = stream.context->default_stream;
  if (&stream == &first) {
    for (const auto &other : driver().streams) {
      if (other->context == stream.context && other->blocking) run_all(*other);
    }
  } else if (stream.blocking) {
    run_all(first);
  }
  stream.pending.push_back(std::move(work));
}

Result finish(Stream &stream) {
  run_all(stream);
  return stream.context->error;
}

Result finish(Context &context) {
  run_all(context.default_stream);
  for (const auto &stream : driver().streams) {
    if (stream->context == &context) run_all(*stream);
  }
  return context.error;
}

}  // namespace hcd::stub

using namespace hcd::stub;

HCD_STUB cuStreamCreate(void **stream, unsigned flags) {
  return call("cuStreamCreate", [&](Context &context) {
    constexpr unsigned kNonBlocking = 1;
    if (flags > kNonBlocking) return kInvalidValue;
    *stream = driver().streams.add({&context, flags != kNonBlocking, {}});
    return kSuccess;
  });
}
HCD_STUB cuStreamCreateWithPriority(void **stream, unsigned flags, int) {
  return cuStreamCreate(stream, flags);
}
HCD_STUB cuStreamDestroy_v2(void *handle) {
  return call("cuStreamDestroy", [&](Context &context) {
    Stream *stream = find_stream(context, handle);
    if (!stream || stream == &context.default_stream) return kInvalidHandle;
    run_all(*stream);
    driver().streams.remove(stream);
    return kSuccess;
  });
}
HCD_STUB cuStreamSynchronize(void *handle) {
  return call("cuStreamSynchronize", [&](Context &context) -> Result {
    Stream *stream = find_stream(context, handle);
    return stream ? finish(*stream) : kInvalidHandle;
  });
}
// Something happens, so that whoever asks again and again gets there.
HCD_STUB cuStreamQuery(void *handle) {
  return call("cuStreamQuery", [&](Context &context) -> Result {
    Stream *stream = find_stream(context, handle);
    if (!stream) return kInvalidHandle;
    if (stream->pending.empty()) return kSuccess;
    const Open open;
    run_one(*stream);
    return context.error != kSuccess ? context.error : kNotReady;
  });
}
HCD_STUB cuStreamWaitEvent(void *handle, void *event_handle, unsigned) {
  return call("cuStreamWaitEvent", [&](Context &context) {
    Stream *stream = find_stream(context, handle);
    const Event *event = driver().events.find(event_handle);  // of any context
    if (!stream || !event) return kInvalidHandle;
    if (!event->recorded) return kSuccess;
    enqueue(*stream, [marker = event->recorded] {
      run_until(*marker);
      return kSuccess;
    });
    return kSuccess;
  });
}
HCD_STUB cuLaunchHostFunc(void *handle, void (*function)(void *), void *user) {
  return call("cuLaunchHostFunc", [&](Context &context) {
    Stream *stream = find_stream(context, handle);
    if (!stream) return kInvalidHandle;
    enqueue(*stream, [=] {
      function(user);
      return kSuccess;
    });
    return kSuccess;
  });
}
HCD_STUB cuStreamAddCallback(void *handle, void (*callback)(void *, Result, void *), void *user,
                             unsigned) {
  return call("cuStreamAddCallback", [&](Context &context) {
    Stream *stream = find_stream(context, handle);
    if (!stream) return kInvalidHandle;
    enqueue(*stream, [=] {
      callback(handle, kSuccess, user);
      return kSuccess;
    });
    return kSuccess;
  });
}

HCD_STUB cuEventCreate(void **event, unsigned) {
  return call("cuEventCreate", [&](Context &context) {
    *event = driver().events.add({&context, nullptr});
    return kSuccess;
  });
}
HCD_STUB cuEventDestroy_v2(void *handle) {
  return call("cuEventDestroy", [&](Context &context) {
    const Event *event = find_event(context, handle);
    if (!event) return kInvalidHandle;
    driver().events.remove(event);
    return kSuccess;
  });
}
HCD_STUB cuEventRecord(void *handle, void *stream_handle) {
  return call("cuEventRecord", [&](Context &context) {
    Event *event = find_event(context, handle);
    Stream *stream = find_stream(context, stream_handle);
    if (!event || !stream) return kInvalidHandle;
    event->recorded = std::make_shared<Marker>(Marker{stream});
    enqueue(*stream, [marker = event->recorded] {
      marker->reached = true;
      return kSuccess;
    });
    return kSuccess;
  });
}
HCD_STUB cuEventSynchronize(void *handle) {
  return call("cuEventSynchronize", [&](Context &context) -> Result {
    const Event *event = find_event(context, handle);
    if (!event) return kInvalidHandle;
    if (event->recorded) run_until(*event->recorded);
    return context.error;
  });
}
HCD_STUB cuEventQuery(void *handle) {
  return call("cuEventQuery", [&](Context &context) -> Result {
    const Event *event = find_event(context, handle);
    if (!event) return kInvalidHandle;
    if (!event->recorded || event->recorded->reached) return kSuccess;
    const Open open;
    run_one(*event->recorded->stream);
    return context.error != kSuccess ? context.error : kNotReady;
  });
}
