// SPDX-License-Identifier: BSD-2-Clause
// Streams and events. Work runs when somebody waits for it, and no earlier.
#include <cstdio>

#include "stub/driver.h"
#include "stub/memory.h"

namespace hcd::stub {
namespace {

Result run(const Work &work) {
  const auto is_gone = [](const auto &need) { return need.expired(); };
  if (std::none_of(work.needs.begin(), work.needs.end(), is_gone)) return work.run();
  std::fprintf(stderr, "stand-in for a GPU: %s: needs memory or a module that was freed\n",
               work.kernel ? work.kernel : "a copy or fill");
  return kIllegalAddress;
}

void run_one(Stream &stream) {
  const Work work = std::move(stream.pending.front());
  stream.pending.pop_front();
  Context &context = *stream.context;
  const Result result = run(work);
  if (result != kSuccess && context.error == kSuccess) context.error = result;
  if (context.error != kSuccess) stream.pending.clear();
}

void run_all(Stream &stream) {
  const Open open;
  while (!stream.pending.empty()) run_one(stream);
}

Event *find_event(Context &context, void *handle) {
  Event *event = driver().events.find(handle);
  return event && event->context == &context ? event : nullptr;
}

// To wait for a place in a capture.
Result refuse(const Marker &captured) {
  captured.capture->invalid = true;
  return kCapturedEvent;
}

}  // namespace

Stream *find_stream(Context &context, void *handle) {
  constexpr uintptr_t kLegacy = 1;  // CU_STREAM_LEGACY
  if (!handle || reinterpret_cast<uintptr_t>(handle) == kLegacy) return &context.default_stream;
  Stream *stream = driver().streams.find(handle);
  return stream && stream->context == &context ? stream : nullptr;
}

void run_until(const Marker &marker) {
  const Open open;
  while (!marker.reached && !marker.stream->pending.empty()) run_one(*marker.stream);
}

Result enqueue(Stream &stream, Work work) {
  if (stream.capture) {
    if (stream.capture->invalid) return kCaptureInvalidated;
    stream.capture->works.push_back(std::move(work));
    return kSuccess;
  }
  if (const Result result = may_wait(stream); result != kSuccess) return result;
  Stream &first = stream.context->default_stream;
  if (&stream == &first) {
    for (const auto &other : driver().streams) {
      if (other->context == stream.context && other->blocking) run_all(*other);
    }
  } else if (stream.blocking) {
    run_all(first);
  }
  stream.pending.push_back(std::move(work));
  return kSuccess;
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
    *stream = driver().streams.add({&context, flags != kNonBlocking});
    return kSuccess;
  });
}
HCD_STUB cuStreamCreateWithPriority(void **stream, unsigned flags, int) {
  return cuStreamCreate(stream, flags);
}
HCD_STUB cuStreamDestroy_v2(void *handle) {
  return call("cuStreamDestroy", [&](Context &context) -> Result {
    Stream *stream = find_stream(context, handle);
    if (!stream || stream == &context.default_stream) return kInvalidHandle;
    if (const Result result = may_wait(*stream); result != kSuccess) return result;
    run_all(*stream);
    driver().streams.remove(stream);
    return kSuccess;
  });
}
HCD_STUB cuStreamSynchronize(void *handle) {
  return call("cuStreamSynchronize", [&](Context &context) -> Result {
    Stream *stream = find_stream(context, handle);
    if (!stream) return kInvalidHandle;
    ++driver().stream_waits;
    const Result result = may_wait(*stream);
    return result == kSuccess ? finish(*stream) : result;
  });
}
// Something happens, so that whoever asks again and again gets there.
HCD_STUB cuStreamQuery(void *handle) {
  return call("cuStreamQuery", [&](Context &context) -> Result {
    Stream *stream = find_stream(context, handle);
    if (!stream) return kInvalidHandle;
    if (const Result result = may_wait(*stream); result != kSuccess) return result;
    if (stream->pending.empty()) return kSuccess;
    const Open open;
    run_one(*stream);
    return context.error != kSuccess ? context.error : kNotReady;
  });
}
HCD_STUB cuStreamWaitEvent(void *handle, void *event_handle, unsigned) {
  return call("cuStreamWaitEvent", [&](Context &context) -> Result {
    Stream *stream = find_stream(context, handle);
    const Event *event = driver().events.find(event_handle);  // of any context
    if (!stream || !event) return kInvalidHandle;
    const auto captured = event->recorded ? event->recorded->capture : nullptr;
    if (stream->capture) {  // where all is in order anyway
      if (stream->capture->invalid) return kCaptureInvalidated;
      if (captured == stream->capture) return kSuccess;
      const bool two = captured && !captured->ended;
      if (two) captured->invalid = true;
      return fail(*stream, two ? kCaptureMerge : kCaptureIsolation);
    }
    if (captured) return captured->ended ? kCapturedEvent : kNotSupported;  // a fork
    if (!event->recorded) return kSuccess;
    return enqueue(*stream, {[marker = event->recorded] {
      run_until(*marker);
      return kSuccess;
    }});
  });
}
HCD_STUB cuLaunchHostFunc(void *handle, void (*function)(void *), void *user) {
  return call("cuLaunchHostFunc", [&](Context &context) -> Result {
    Stream *stream = find_stream(context, handle);
    if (!stream) return kInvalidHandle;
    return enqueue(*stream, {[=] {
      function(user);
      return kSuccess;
    }});
  });
}
HCD_STUB cuStreamAddCallback(void *handle, void (*callback)(void *, Result, void *), void *user,
                             unsigned) {
  return call("cuStreamAddCallback", [&](Context &context) -> Result {
    Stream *stream = find_stream(context, handle);
    if (!stream) return kInvalidHandle;
    if (const Result result = may_wait(*stream); result != kSuccess) return result;
    return enqueue(*stream, {[=] {
      callback(handle, kSuccess, user);
      return kSuccess;
    }});
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
  return call("cuEventRecord", [&](Context &context) -> Result {
    Event *event = find_event(context, handle);
    Stream *stream = find_stream(context, stream_handle);
    if (!event || !stream) return kInvalidHandle;
    const auto marker = std::make_shared<Marker>(Marker{stream, stream->capture});
    if (stream->capture) {  // nothing to do where all is in order
      if (stream->capture->invalid) return kCaptureInvalidated;
      event->recorded = marker;
      return kSuccess;
    }
    const Result result = enqueue(*stream, {[marker] {
      marker->reached = true;
      return kSuccess;
    }});
    if (result == kSuccess) event->recorded = marker;
    return result;
  });
}
HCD_STUB cuEventSynchronize(void *handle) {
  return call("cuEventSynchronize", [&](Context &context) -> Result {
    const Event *event = find_event(context, handle);
    if (!event) return kInvalidHandle;
    if (!event->recorded) return kSuccess;
    if (event->recorded->capture) return refuse(*event->recorded);
    run_until(*event->recorded);
    return context.error;
  });
}
HCD_STUB cuEventQuery(void *handle) {
  return call("cuEventQuery", [&](Context &context) -> Result {
    const Event *event = find_event(context, handle);
    if (!event) return kInvalidHandle;
    if (!event->recorded || event->recorded->reached) return kSuccess;
    if (event->recorded->capture) return refuse(*event->recorded);
    const Open open;
    run_one(*event->recorded->stream);
    return context.error != kSuccess ? context.error : kNotReady;
  });
}
