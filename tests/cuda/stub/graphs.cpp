// SPDX-License-Identifier: BSD-2-Clause
// Captures and graphs. A graph is the work of one stream, in its order.
#include "stub/driver.h"

namespace hcd::stub {
namespace {

enum Mode { kGlobal, kThreadLocal, kRelaxed };  // CU_STREAM_CAPTURE_MODE_...

bool forbids_more(const Capture &capture) {
  return capture.mode == kGlobal ||
         (capture.mode == kThreadLocal && capture.thread == std::this_thread::get_id());
}

template <typename T>
T *find(const Registry<T> &objects, const Context &context, void *handle) {
  T *object = objects.find(handle);
  return object && object->context == &context ? object : nullptr;
}

}  // namespace

Result fail(Stream &stream, Result result) {
  if (stream.capture) stream.capture->invalid = true;
  return result;
}

Result may_wait(Stream &stream) {
  if (stream.capture) {
    return fail(stream, stream.capture->invalid ? kCaptureInvalidated : kCaptureUnsupported);
  }
  if (&stream != &stream.context->default_stream) return kSuccess;
  Result result = kSuccess;
  for (const auto &other : driver().streams) {
    if (other->context == stream.context && other->blocking && other->capture) {
      result = fail(*other, kCaptureImplicit);
    }
  }
  return result;
}

Result may_stop_all() {
  Result result = kSuccess;
  for (const auto &stream : driver().streams) {
    if (stream->capture && forbids_more(*stream->capture)) {
      result = fail(*stream, kCaptureUnsupported);
    }
  }
  return result;
}

}  // namespace hcd::stub

using namespace hcd::stub;

HCD_STUB cuStreamBeginCapture_v2(void *handle, int mode) {
  return call("cuStreamBeginCapture", [&](Context &context) {
    note("mode %d", mode);
    Stream *stream = find_stream(context, handle);
    if (!stream) return kInvalidHandle;
    if (mode < kGlobal || mode > kRelaxed) return kInvalidValue;
    if (stream == &context.default_stream) return kCaptureUnsupported;
    if (stream->capture) return kIllegalState;
    stream->capture = std::make_shared<Capture>(Capture{mode, std::this_thread::get_id()});
    return kSuccess;
  });
}
HCD_STUB cuStreamEndCapture(void *handle, void **graph) {
  return call("cuStreamEndCapture", [&](Context &context) {
    Stream *stream = find_stream(context, handle);
    if (!stream) return kInvalidHandle;
    if (!graph) return kInvalidValue;
    if (!stream->capture) return kIllegalState;
    if (stream->capture->mode != kRelaxed &&
        stream->capture->thread != std::this_thread::get_id()) {
      return kCaptureWrongThread;
    }
    const auto capture = std::move(stream->capture);
    stream->capture = nullptr;
    capture->ended = true;
    *graph = nullptr;
    if (capture->invalid) return kCaptureInvalidated;
    note("%zu works", capture->works.size());
    *graph = driver().graphs.add({&context, std::move(capture->works)});
    return kSuccess;
  });
}

HCD_STUB cuGraphInstantiateWithFlags(void **executable, void *handle, uint64_t flags) {
  return call("cuGraphInstantiate", [&](Context &context) {
    const Graph *graph = find(driver().graphs, context, handle);
    if (!graph || !executable) return kInvalidValue;
    if (flags != 0) return kNotSupported;
    if (++driver().instantiated == driver().settings.no_graph_at) return kOutOfMemory;
    *executable = driver().executables.add({&context, graph->works});
    return kSuccess;
  });
}
// Launches of one executable are in order, whatever their streams.
HCD_STUB cuGraphLaunch(void *handle, void *stream_handle) {
  return call("cuGraphLaunch", [&](Context &context) -> Result {
    Executable *executable = find(driver().executables, context, handle);
    Stream *stream = find_stream(context, stream_handle);
    if (!executable) return kInvalidValue;
    if (!stream) return kInvalidHandle;
    note("%zu works", executable->works.size());
    if (stream->capture) return fail(*stream, kNotSupported);  // a graph within a graph
    if (const Result result = may_wait(*stream); result != kSuccess) return result;
    std::vector<Work> works = executable->works;
    if (executable->last) {
      works.insert(works.begin(), {[marker = executable->last] {
                     run_until(*marker);
                     return kSuccess;
                   }});
    }
    const auto end = std::make_shared<Marker>(Marker{stream});
    works.push_back({[end] {
      end->reached = true;
      return kSuccess;
    }});
    ++driver().graph_launches;
    const Result result = enqueue_launches(*stream, std::move(works));
    if (result == kSuccess) executable->last = end;
    return result;
  });
}
// What is queued of it still runs.
HCD_STUB cuGraphExecDestroy(void *handle) {
  return call("cuGraphExecDestroy", [&](Context &context) {
    const Executable *executable = find(driver().executables, context, handle);
    if (!executable) return kInvalidValue;
    driver().executables.remove(executable);
    return kSuccess;
  });
}
HCD_STUB cuGraphDestroy(void *handle) {
  return call("cuGraphDestroy", [&](Context &context) {
    const Graph *graph = find(driver().graphs, context, handle);
    if (!graph) return kInvalidValue;
    driver().graphs.remove(graph);
    return kSuccess;
  });
}
