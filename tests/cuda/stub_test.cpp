// SPDX-License-Identifier: BSD-2-Clause
// That the stand-in keeps the driver's rules, so that who breaks one is noticed.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "stub_fixture.h"

namespace hcd::cuda {
namespace {

TEST_F(CudaStub, RunsAKernelWhenItIsWaitedFor) {
  void *pinned = nullptr;
  ASSERT_EQ(d.host_allocate(&pinned, kBytes, 0), kSuccess);
  auto *floats = static_cast<float *>(pinned);
  std::fill_n(floats, kFloats, 3.0F);
  EXPECT_EQ(to_device(pinned), kSuccess);
  EXPECT_EQ(launch(kFloats), kSuccess);
  EXPECT_EQ(to_host(pinned), kSuccess);
  EXPECT_EQ(floats[0], 3);
  EXPECT_EQ(finish(), kSuccess);
  EXPECT_EQ(floats[0], 6);
  EXPECT_EQ(floats[kFloats - 1], 6);
  EXPECT_EQ(stub_state().host_allocations, 1U);
  EXPECT_EQ(d.host_free(pinned), kSuccess);
}

TEST_F(CudaStub, ReadsPinnedMemoryLateAndOtherMemoryAtOnce) {
  std::vector<float> pageable(kFloats, 1), result(kFloats);
  void *pinned = nullptr;
  ASSERT_EQ(d.host_allocate(&pinned, kBytes, 0), kSuccess);
  for (float *floats : {pageable.data(), static_cast<float *>(pinned)}) {
    floats[0] = 1;
    EXPECT_EQ(to_device(floats), kSuccess);
    floats[0] = 2;                                // too early for the pinned one
    EXPECT_EQ(to_host(result.data()), kSuccess);  // waits
    EXPECT_EQ(result[0], floats == pinned ? 2 : 1);
  }
  EXPECT_EQ(d.host_free(pinned), kSuccess);
}

TEST_F(CudaStub, OrdersStreamsByEventsAlone) {
  Stream other = nullptr;
  Event event = nullptr;
  ASSERT_EQ(d.stream_create(&other, 1), kSuccess);
  ASSERT_EQ(d.event_create(&event, 2), kSuccess);
  const std::vector<float> ones(kFloats, 1);
  std::vector<float> result(kFloats);
  const auto read_on_other = [&] {
    EXPECT_EQ(d.copy_async(reinterpret_cast<DevicePointer>(result.data()), memory, kBytes, other),
              kSuccess);
    return result[0];
  };
  EXPECT_EQ(to_device(ones.data()), kSuccess);
  EXPECT_NE(read_on_other(), 1);
  EXPECT_EQ(d.event_record(event, stream), kSuccess);
  EXPECT_EQ(d.stream_wait(other, event, 0), kSuccess);
  EXPECT_EQ(read_on_other(), 1);
  EXPECT_EQ(d.event_synchronize(event), kSuccess);
}

TEST_F(CudaStub, ComesToAnEndWhereItIsAsked) {
  const auto query = stub_function<Result(Stream)>("cuStreamQuery");
  EXPECT_EQ(query(stream), kSuccess);
  EXPECT_EQ(launch(1), kSuccess);
  EXPECT_EQ(query(stream), kNotReady);
  EXPECT_EQ(query(stream), kSuccess);
}

using CudaStubDeathTest = CudaStub;
TEST_F(CudaStubDeathTest, KeepsTheHostOutOfTheDevicesMemory) {
  EXPECT_DEATH(*reinterpret_cast<volatile float *>(memory) = 1, "");
  const float one = 1;
  EXPECT_EQ(to_device(&one, sizeof(one)), kSuccess);
  EXPECT_EQ(finish(), kSuccess);
  EXPECT_DEATH((void)*reinterpret_cast<volatile float *>(memory), "");
}

TEST_F(CudaStub, FailsForGoodWhereWorkIsOnMemoryThatWasFreed) {
  EXPECT_EQ(d.memory_free(memory), kSuccess);
  EXPECT_EQ(launch(1), kSuccess);
  EXPECT_EQ(finish(), kIllegalAddress);
  EXPECT_EQ(finish(), kIllegalAddress);
}

TEST_F(CudaStub, ChecksTheRangesOfCopies) {
  std::vector<char> host(2 * kBytes);
  EXPECT_EQ(to_device(host.data(), kBytes + 1), kInvalidValue);
  EXPECT_EQ(to_host(host.data(), kBytes + 1), kInvalidValue);
  EXPECT_EQ(d.copy_async(memory, 0, 1, stream), kInvalidValue);
  EXPECT_EQ(d.copy_async(memory + kBytes, memory, 1, stream), kInvalidValue);
  Copy2D copy;
  copy.src_host = host.data();
  copy.src_type = 1;
  copy.dst = memory;
  copy.dst_pitch = 100;
  copy.src_pitch = 60;
  copy.width_bytes = 60;
  copy.height = 10;
  EXPECT_EQ(d.copy_2d_async(&copy, stream), kSuccess);
  copy.height = 11;  // 10 * 100 + 60 bytes
  EXPECT_EQ(d.copy_2d_async(&copy, stream), kInvalidValue);
  copy.height = 10;
  copy.dst_pitch = 50;
  EXPECT_EQ(d.copy_2d_async(&copy, stream), kInvalidValue);
  copy.dst_pitch = 100;
  copy.src_type = 2;
  copy.src = reinterpret_cast<DevicePointer>(host.data());
  EXPECT_EQ(d.copy_2d_async(&copy, stream), kInvalidValue);
}

TEST_F(CudaStub, NeedsTheRightContext) {
  Context second = nullptr, popped = nullptr;
  ASSERT_EQ(create_context(&second, 0, 0), kSuccess);
  EXPECT_EQ(stub_state().pushed, 2U);
  EXPECT_EQ(launch(1), kInvalidHandle);  // the kernel, and the stream, of another context
  EXPECT_EQ(finish(), kInvalidHandle);
  EXPECT_EQ(d.context_pop(&popped), kSuccess);
  EXPECT_EQ(popped, second);
  EXPECT_EQ(finish(), kSuccess);
  EXPECT_EQ(d.context_pop(&popped), kSuccess);
  EXPECT_EQ(finish(), kInvalidContext);
  EXPECT_EQ(d.context_pop(&popped), kInvalidContext);
  EXPECT_EQ(destroy_context(second), kSuccess);
  EXPECT_EQ(d.context_push(second), kInvalidContext);
  EXPECT_EQ(d.context_push(context), kSuccess);
}

TEST_F(CudaStub, NeedsHandlesThatAreAlive) {
  Stream other = nullptr;
  Event event = nullptr;
  ASSERT_EQ(d.stream_create(&other, 1), kSuccess);
  ASSERT_EQ(d.event_create(&event, 2), kSuccess);
  EXPECT_EQ(d.stream_destroy(other), kSuccess);
  EXPECT_EQ(d.stream_destroy(other), kInvalidHandle);
  EXPECT_EQ(d.stream_synchronize(other), kInvalidHandle);
  EXPECT_EQ(d.event_record(event, other), kInvalidHandle);
  EXPECT_EQ(d.event_destroy(event), kSuccess);
  EXPECT_EQ(d.event_record(event, stream), kInvalidHandle);
  EXPECT_EQ(d.memory_free(memory), kSuccess);
  EXPECT_EQ(d.memory_free(memory), kInvalidValue);
  EXPECT_EQ(d.module_unload(module), kSuccess);
  EXPECT_EQ(launch(1), kInvalidHandle);
}

TEST_F(CudaStub, RefusesLaunchesThatADriverRefuses) {
  Function other = nullptr;
  EXPECT_EQ(d.module_function(&other, module, "hcd_no_such_kernel"), kNotFound);
  EXPECT_EQ(launch(1, 1025), kInvalidValue);
  EXPECT_EQ(launch(1, 0), kInvalidValue);
  EXPECT_EQ(d.function_attribute(axpy, 8, 90 << 10), kSuccess);
  EXPECT_EQ(d.function_attribute(axpy, 8, 100 << 10), kInvalidValue);
  EXPECT_EQ(stub_function<Result()>("cuLinkCreate")(), kNotSupported);
}

TEST_F(CudaStubDeathTest, FailsForGoodWhereAKernelWritesBeyondABuffer) {
  const auto overrun = [&] {
    EXPECT_EQ(launch(kFloats + 1, 512), kSuccess);
    return finish();
  };
#ifdef __SANITIZE_ADDRESS__
  EXPECT_DEATH(overrun(), "AddressSanitizer: use-after-poison");
#else
  EXPECT_EQ(overrun(), kIllegalAddress);
  EXPECT_EQ(finish(), kIllegalAddress);
  EXPECT_EQ(d.memory_free(memory), kIllegalAddress);
#endif
}

TEST_F(CudaStub, RunsOutOfMemory) {
  DevicePointer more = 0;
  {
    const StubSetting setting("HCD_STUB_NO_MEMORY_AT", "2");
    EXPECT_EQ(d.memory_allocate(&more, 1), kSuccess);
    EXPECT_EQ(d.memory_allocate(&more, 1), kOutOfMemory);
    EXPECT_EQ(d.memory_allocate(&more, 1), kSuccess);
  }
  const StubSetting setting("HCD_STUB_MEMORY", "1");
  EXPECT_EQ(d.memory_allocate(&more, 1 << 20), kOutOfMemory);
  EXPECT_EQ(d.memory_allocate(&more, (1 << 20) - 2 * kBytes), kSuccess);
  EXPECT_EQ(stub_state().bytes, (1 << 20) - kBytes + 2);
  EXPECT_EQ(stub_state().most_bytes, stub_state().bytes);
}

TEST_F(CudaStub, RefusesALaunchAtWill) {
  const StubSetting setting("HCD_STUB_NO_LAUNCH_AT", "2");
  EXPECT_EQ(launch(1), kSuccess);
  EXPECT_EQ(launch(1), kLaunchOutOfResources);
  EXPECT_EQ(launch(1), kSuccess);
  EXPECT_EQ(finish(), kSuccess);
  EXPECT_EQ(stub_state().launches, 3U);
}

TEST_F(CudaStub, LosesTheDeviceAtWill) {
  const StubSetting setting("HCD_STUB_LOST_AT", "2");
  EXPECT_EQ(launch(1), kSuccess);
  EXPECT_EQ(finish(), kSuccess);
  EXPECT_EQ(launch(1), kSuccess);
  EXPECT_EQ(finish(), kDeviceUnavailable);
  EXPECT_EQ(launch(1), kDeviceUnavailable);
  Context primary = nullptr;
  EXPECT_EQ(d.primary_retain(&primary, 0), kDeviceUnavailable);
}

TEST(CudaStubDevices, AreAsManyAsSaid) {
  const Driver &d = driver();
  int count = 0, device = 0;
  const StubSetting setting("HCD_STUB_DEVICES", "2");
  EXPECT_EQ(d.device_count(&count), kSuccess);
  EXPECT_EQ(count, 2);
  EXPECT_EQ(d.device_get(&device, 2), 101);
  Context first = nullptr, second = nullptr;
  EXPECT_EQ(d.primary_retain(&first, 0), kSuccess);
  EXPECT_EQ(d.primary_retain(&second, 1), kSuccess);
  EXPECT_NE(first, second);
  EXPECT_EQ(d.context_push(second), kSuccess);
  EXPECT_EQ(d.context_device(&device), kSuccess);
  EXPECT_EQ(device, 1);
  EXPECT_EQ(d.context_pop(nullptr), kSuccess);
  EXPECT_EQ(d.primary_release(0), kSuccess);
  EXPECT_EQ(d.primary_release(1), kSuccess);
  EXPECT_EQ(d.primary_release(1), kInvalidContext);
  EXPECT_EQ(stub_state().contexts, 0U);
}

}  // namespace
}  // namespace hcd::cuda
