// SPDX-License-Identifier: BSD-2-Clause
// That the stand-in captures and launches graphs by the driver's rules.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "stub_fixture.h"

namespace hcd::cuda {
namespace {

constexpr Result kIllegalState = 401, kCaptureUnsupported = 900, kCaptureInvalidated = 901,
                 kCaptureMerge = 902, kCaptureIsolation = 905, kCaptureImplicit = 906,
                 kCapturedEvent = 907, kCaptureWrongThread = 908;
constexpr int kGlobalCapture = 0, kThreadLocalCapture = 1;

// With pinned memory of 1024 bytes, another stream and an event.
class CudaStubGraph : public CudaStub {
 protected:
  CudaStubGraph() {
    void *made = nullptr;
    EXPECT_EQ(d.host_allocate(&made, kBytes, 0), kSuccess);
    pinned = static_cast<float *>(made);
    std::fill_n(pinned, kFloats, 1.0F);
    EXPECT_EQ(d.stream_create(&other, 1), kSuccess);
    EXPECT_EQ(d.event_create(&event, 2), kSuccess);
  }
  ~CudaStubGraph() override {
    if (pinned) d.host_free(pinned);
  }

  Result begin(int mode = kRelaxedCapture) { return d.stream_begin_capture(stream, mode); }
  Result end() { return d.stream_end_capture(stream, &graph); }
  // Ends a capture that has to be invalid.
  void expect_invalid() {
    graph = this;
    EXPECT_EQ(launch(1), kCaptureInvalidated);
    EXPECT_EQ(end(), kCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
    EXPECT_EQ(stub_state().graphs, 0U);
    EXPECT_EQ(launch(1), kSuccess);
    EXPECT_EQ(finish(), kSuccess);
  }
  // memory = pinned; memory += memory; pinned = memory.
  void make_doubling() {
    ASSERT_EQ(begin(), kSuccess);
    EXPECT_EQ(to_device(pinned), kSuccess);
    EXPECT_EQ(launch(kFloats), kSuccess);
    EXPECT_EQ(to_host(pinned), kSuccess);
    ASSERT_EQ(end(), kSuccess);
    ASSERT_EQ(d.graph_instantiate(&doubling, graph, 0), kSuccess);
    EXPECT_EQ(d.graph_destroy(graph), kSuccess);
  }
  Result query(Stream which) { return stub_function<Result(Stream)>("cuStreamQuery")(which); }
  Result copy_now() {
    return stub_function<Result(DevicePointer, DevicePointer, size_t)>("cuMemcpy")(memory, memory,
                                                                                   1);
  }

  float *pinned = nullptr;
  Stream other = nullptr;
  Event event = nullptr;
  Graph graph = nullptr;
  GraphExec doubling = nullptr;
};

TEST_F(CudaStubGraph, RunsWhatWasCapturedWhenItIsLaunchedAndNotBefore) {
  make_doubling();
  EXPECT_EQ(stub_state().graphs, 0U);
  EXPECT_EQ(stub_state().executables, 1U);
  EXPECT_EQ(finish(), kSuccess);
  EXPECT_EQ(pinned[0], 1);
  EXPECT_EQ(d.graph_launch(doubling, stream), kSuccess);
  EXPECT_EQ(pinned[0], 1);
  EXPECT_EQ(finish(), kSuccess);
  EXPECT_EQ(pinned[0], 2);
  EXPECT_EQ(d.graph_launch(doubling, other), kSuccess);
  EXPECT_EQ(d.graph_launch(doubling, other), kSuccess);
  EXPECT_EQ(d.graph_exec_destroy(doubling), kSuccess);
  EXPECT_EQ(stub_state().executables, 0U);
  EXPECT_EQ(d.stream_synchronize(other), kSuccess);
  EXPECT_EQ(pinned[0], 8);
  EXPECT_EQ(pinned[kFloats - 1], 8);
}

TEST_F(CudaStubGraph, OrdersLaunchesOfOneGraph) {
  make_doubling();
  EXPECT_EQ(d.graph_launch(doubling, stream), kSuccess);
  EXPECT_EQ(d.graph_launch(doubling, other), kSuccess);
  EXPECT_EQ(d.stream_synchronize(other), kSuccess);
  EXPECT_EQ(pinned[0], 4);
  EXPECT_EQ(d.graph_launch(doubling, kDefaultStream), kSuccess);
  EXPECT_EQ(d.stream_synchronize(nullptr), kSuccess);
  EXPECT_EQ(pinned[0], 8);
}

TEST_F(CudaStubGraph, LeavesWhatWasQueuedBeforeAndElsewhereAlone) {
  EXPECT_EQ(to_device(pinned), kSuccess);
  EXPECT_EQ(d.event_record(event, stream), kSuccess);
  ASSERT_EQ(begin(), kSuccess);
  EXPECT_EQ(launch(kFloats), kSuccess);
  EXPECT_EQ(d.event_query(event), 600);
  EXPECT_EQ(d.event_query(event), 600);
  EXPECT_EQ(d.event_query(event), kSuccess);
  std::vector<float> result(kFloats);
  EXPECT_EQ(d.copy_async(reinterpret_cast<DevicePointer>(result.data()), memory, kBytes, other),
            kSuccess);
  EXPECT_EQ(result[0], 1);
  EXPECT_EQ(d.stream_synchronize(other), kSuccess);
  EXPECT_EQ(copy_now(), kSuccess);
  DevicePointer more = 0;
  EXPECT_EQ(d.memory_allocate(&more, 1), kSuccess);
  EXPECT_EQ(d.memory_free(more), kSuccess);
  EXPECT_EQ(end(), kSuccess);
}

TEST_F(CudaStubGraph, OrdersAStreamsOwnEvents) {
  ASSERT_EQ(begin(), kSuccess);
  EXPECT_EQ(d.event_record(event, stream), kSuccess);
  EXPECT_EQ(d.stream_wait(stream, event, 0), kSuccess);
  EXPECT_EQ(d.stream_wait(other, event, 0), kNotSupported);  // a fork
  EXPECT_EQ(end(), kSuccess);
  EXPECT_EQ(d.event_query(event), kCapturedEvent);
  EXPECT_EQ(d.event_synchronize(event), kCapturedEvent);
  EXPECT_EQ(d.stream_wait(other, event, 0), kCapturedEvent);
  EXPECT_EQ(d.event_record(event, stream), kSuccess);
  EXPECT_EQ(d.event_synchronize(event), kSuccess);
}

TEST_F(CudaStubGraph, BeginsAndEndsWhereADriverDoes) {
  EXPECT_EQ(d.stream_begin_capture(nullptr, kRelaxedCapture), kCaptureUnsupported);
  EXPECT_EQ(d.stream_begin_capture(kDefaultStream, kRelaxedCapture), kCaptureUnsupported);
  EXPECT_EQ(begin(3), kInvalidValue);
  EXPECT_EQ(end(), kIllegalState);
  EXPECT_EQ(begin(), kSuccess);
  EXPECT_EQ(begin(), kIllegalState);
  std::thread([&] {  // any, as it is relaxed
    EXPECT_EQ(d.context_push(context), kSuccess);
    EXPECT_EQ(end(), kSuccess);
  })
      .join();
  EXPECT_EQ(begin(kThreadLocalCapture), kSuccess);
  std::thread([&] {
    DevicePointer more = 0;
    EXPECT_EQ(d.context_push(context), kSuccess);
    EXPECT_EQ(d.memory_allocate(&more, 1), kSuccess);
    EXPECT_EQ(end(), kCaptureWrongThread);
  }).join();
  EXPECT_EQ(end(), kSuccess);
}

TEST_F(CudaStubGraph, IsInvalidAfterWhatCannotBeCaptured) {
  std::vector<float> pageable(kFloats);
  const auto refused = [&](auto &&call, Result expected) {
    ASSERT_EQ(begin(), kSuccess);
    EXPECT_EQ(d.event_record(event, stream), kSuccess);
    EXPECT_EQ(call(), expected);
    expect_invalid();
  };
  refused([&] { return finish(); }, kCaptureUnsupported);
  refused([&] { return query(stream); }, kCaptureUnsupported);
  refused([&] { return d.stream_destroy(stream); }, kCaptureUnsupported);
  refused([&] { return stub_function<Result()>("cuCtxSynchronize")(); }, kCaptureUnsupported);
  refused([&] { return to_device(pageable.data()); }, kCaptureUnsupported);
  refused([&] { return to_host(pageable.data()); }, kCaptureUnsupported);
  refused([&] { return to_device(pinned, kBytes + 1); }, kInvalidValue);
  refused([&] { return launch(1, 1025); }, kInvalidValue);
  refused([&] { return d.event_synchronize(event); }, kCapturedEvent);
  refused([&] { return d.event_query(event); }, kCapturedEvent);
}

TEST_F(CudaStubGraph, DependsOnNothingOutside) {
  ASSERT_EQ(begin(), kSuccess);
  EXPECT_EQ(d.stream_wait(stream, event, 0), kCaptureIsolation);
  expect_invalid();
  EXPECT_EQ(d.event_record(event, stream), kSuccess);
  EXPECT_EQ(finish(), kSuccess);
  ASSERT_EQ(begin(), kSuccess);
  EXPECT_EQ(d.stream_wait(stream, event, 0), kCaptureIsolation);
  expect_invalid();
  ASSERT_EQ(begin(), kSuccess);
  ASSERT_EQ(d.stream_begin_capture(other, kRelaxedCapture), kSuccess);
  EXPECT_EQ(d.event_record(event, other), kSuccess);
  EXPECT_EQ(d.stream_wait(stream, event, 0), kCaptureMerge);
  expect_invalid();
  EXPECT_EQ(d.stream_end_capture(other, &graph), kCaptureInvalidated);
}

TEST_F(CudaStubGraph, OfAStreamThatBlocksForbidsTheDefaultStream) {
  Stream blocking = nullptr;
  ASSERT_EQ(d.stream_create(&blocking, 0), kSuccess);
  for (const bool copies : {false, true}) {
    ASSERT_EQ(d.stream_begin_capture(blocking, kRelaxedCapture), kSuccess);
    EXPECT_EQ(copies ? copy_now() : d.stream_synchronize(kDefaultStream), kCaptureImplicit);
    EXPECT_EQ(d.stream_end_capture(blocking, &graph), kCaptureInvalidated);
  }
}

TEST_F(CudaStubGraph, ForbidsToAllocateInOtherModesThanTheRelaxedOne) {
  DevicePointer more = 0;
  void *host = nullptr;
  const auto refused = [&](int mode, auto &&call) {
    ASSERT_EQ(begin(mode), kSuccess);
    EXPECT_EQ(call(), kCaptureUnsupported);
    expect_invalid();
  };
  for (const int mode : {kGlobalCapture, kThreadLocalCapture}) {
    refused(mode, [&] { return d.memory_allocate(&more, 1); });
    refused(mode, [&] { return d.memory_free(memory); });
    refused(mode, [&] { return d.host_allocate(&host, 1, 0); });
    refused(mode, [&] { return d.host_free(pinned); });
    refused(mode, [&] { return copy_now(); });
  }
}

TEST_F(CudaStubGraph, FailsForGoodOnMemoryThatWasFreed) {
  make_doubling();
  EXPECT_EQ(d.memory_free(memory), kSuccess);
  EXPECT_EQ(d.memory_allocate(&memory, kBytes), kSuccess);  // at the same place, but another
  EXPECT_EQ(d.graph_launch(doubling, stream), kSuccess);
  EXPECT_EQ(finish(), kIllegalAddress);
  EXPECT_EQ(d.graph_launch(doubling, stream), kIllegalAddress);
}

TEST_F(CudaStubGraph, FailsForGoodOnPinnedMemoryThatWasFreed) {
  make_doubling();
  EXPECT_EQ(d.host_free(pinned), kSuccess);
  pinned = nullptr;
  EXPECT_EQ(d.graph_launch(doubling, stream), kSuccess);
  EXPECT_EQ(finish(), kIllegalAddress);
}

TEST_F(CudaStubGraph, FailsForGoodWithoutItsModule) {
  make_doubling();
  EXPECT_EQ(d.module_unload(module), kSuccess);
  EXPECT_EQ(d.graph_launch(doubling, stream), kSuccess);
  EXPECT_EQ(finish(), kIllegalAddress);
}

TEST_F(CudaStubGraph, NeedsHandlesThatAreAliveAndOfTheContext) {
  make_doubling();
  EXPECT_EQ(d.graph_destroy(graph), kInvalidValue);
  EXPECT_EQ(d.graph_instantiate(&doubling, graph, 0), kInvalidValue);
  Context second = nullptr;
  ASSERT_EQ(create_context(&second, 0, 0), kSuccess);
  EXPECT_EQ(d.graph_launch(doubling, nullptr), kInvalidValue);
  EXPECT_EQ(d.graph_exec_destroy(doubling), kInvalidValue);
  EXPECT_EQ(begin(), kInvalidHandle);
  EXPECT_EQ(destroy_context(second), kSuccess);
  EXPECT_EQ(d.stream_destroy(other), kSuccess);
  EXPECT_EQ(d.graph_launch(doubling, other), kInvalidHandle);
  EXPECT_EQ(d.graph_exec_destroy(doubling), kSuccess);
  EXPECT_EQ(d.graph_exec_destroy(doubling), kInvalidValue);
  EXPECT_EQ(d.graph_launch(doubling, stream), kInvalidValue);
}

TEST_F(CudaStubGraph, IsRefusedAtWill) {
  const StubSetting setting("HCD_STUB_NO_GRAPH_AT", "2");
  GraphExec more = nullptr;
  ASSERT_EQ(begin(), kSuccess);
  ASSERT_EQ(end(), kSuccess);
  EXPECT_EQ(d.graph_instantiate(&more, graph, 0), kSuccess);
  EXPECT_EQ(d.graph_instantiate(&more, graph, 0), kOutOfMemory);
  EXPECT_EQ(d.graph_instantiate(&more, graph, 0), kSuccess);
  EXPECT_EQ(stub_state().executables, 2U);
}

TEST_F(CudaStubGraph, CountsLaunchesInItForTheirFaults) {
  make_doubling();
  {
    const StubSetting setting("HCD_STUB_NO_LAUNCH_AT", "2");
    EXPECT_EQ(d.graph_launch(doubling, stream), kSuccess);
    EXPECT_EQ(d.graph_launch(doubling, stream), kLaunchOutOfResources);
    EXPECT_EQ(d.graph_launch(doubling, stream), kSuccess);
    EXPECT_EQ(finish(), kSuccess);
    EXPECT_EQ(pinned[0], 4);
    EXPECT_EQ(stub_state().launches, 3U);
  }
  {
    const StubSetting setting("HCD_STUB_NO_LAUNCH_AT", "1");
    ASSERT_EQ(begin(), kSuccess);
    EXPECT_EQ(launch(1), kLaunchOutOfResources);
    expect_invalid();
  }
  const StubSetting setting("HCD_STUB_LOST_AT", "2");
  EXPECT_EQ(d.graph_launch(doubling, stream), kSuccess);
  EXPECT_EQ(finish(), kSuccess);
  EXPECT_EQ(pinned[0], 8);
  EXPECT_EQ(d.graph_launch(doubling, stream), kSuccess);
  EXPECT_EQ(finish(), kDeviceUnavailable);
}

}  // namespace
}  // namespace hcd::cuda
