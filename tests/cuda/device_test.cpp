// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/device.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "engine/cuda/kernels/vectors.h"
#include "engine/cuda/numbers.h"
#include "stub/for_tests.h"

namespace hcd::cuda {
namespace {

TEST(CudaDevice, RunsAKernelOnMemoryOfItsOwn) {
  Device device(0);
  const std::vector<float> x(1000, 2), y(1000, 1);
  Buffer a = device.allocate(x.size()), b = device.allocate(y.size());
  device.copy(x.data(), a.data(), x.size() * sizeof(float));
  device.copy(y.data(), b.data(), y.size() * sizeof(float));
  device.launch(HCD_KERNEL_OF(hcd_axpy), {4}, {kVectorBlock}, 0, DeviceNumber{3, nullptr}, a.data(),
                b.data(), x.size());
  std::vector<float> result(y.size());
  device.copy(b.data(), result.data(), y.size() * sizeof(float));
  EXPECT_EQ(result, std::vector<float>(1000, 7));
}

TEST(CudaDevice, AddsUp) {
  Device device(0);
  const std::vector<double> numbers(1000, 0.5);
  Buffer memory = device.allocate(2 * numbers.size());
  device.copy(numbers.data(), memory.data(), numbers.size() * sizeof(double));
  EXPECT_EQ(total(device, reinterpret_cast<const double *>(memory.data()), numbers.size()).value(),
            500);
}

// ---- memory ----

constexpr size_t kMegabyte = (1 << 20) / sizeof(float);

TEST(CudaDeviceOnStandIn, HandsOutAgainWhatAFailedRecordingHad) {
  Device device(0);
  EXPECT_THROW(device.record([&] {
    const Buffer lent = device.allocate(1000);
    throw Error(HCD_E_MEMORY, "no more");
  }),
               Error);
  const size_t before = stub_state().allocations;
  EXPECT_GT(before, 0U);
  const Buffer again = device.allocate(1000);
  EXPECT_EQ(stub_state().allocations, before);
}

TEST(CudaDeviceOnStandIn, HandsOutAgainWhatWasGivenBack) {
  Device device(0);
  const float *first = device.allocate(1000).data();
  const size_t before = stub_state().allocations;
  const Buffer again = device.allocate(900), other = device.allocate(1000);
  EXPECT_EQ(again.data(), first);
  EXPECT_NE(other.data(), first);
  EXPECT_EQ(stub_state().allocations, before + 1);
  EXPECT_TRUE(device.contains(first));
  EXPECT_TRUE(device.contains(first + 999));
  EXPECT_FALSE(device.contains(&device));
}

TEST(CudaDeviceOnStandIn, KeepsNoMoreThanTwiceWhatWasNeededAtOnce) {
  Device device(0);
  const size_t before = stub_state().bytes;
  size_t most = 0;
  for (size_t n = 1000; n < kMegabyte; n = n * 5 / 2) {  // none fits the one before
    const Buffer a = device.allocate(n), b = device.allocate(n / 7);
    most = std::max(most, (n + n / 7) * sizeof(float));
    EXPECT_LE(stub_state().bytes - before, 2 * most);
  }
  EXPECT_GT(stub_state().bytes - before, most);  // and not less than it can
}

TEST(CudaDeviceOnStandIn, GivesBackWhatLiesIdleWhenMemoryIsShort) {
  const StubSetting memory("HCD_STUB_MEMORY", "40");
  Device device(0);
  { const Buffer idle = device.allocate(15 * kMegabyte); }
  { const Buffer idle = device.allocate(6 * kMegabyte); }
  const Buffer large = device.allocate(35 * kMegabyte);
  EXPECT_TRUE(large.data());
  try {
    device.allocate(50 * kMegabyte);
    ADD_FAILURE();
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), HCD_E_MEMORY);
    EXPECT_STREQ(error.what(),
                 "out of memory of the GPU: expected 50 MB for the planes of a frame, found less");
  }
  EXPECT_EQ(stub_state().pushed, 0U);
  EXPECT_TRUE(device.allocate(kMegabyte).data());
}

TEST(CudaDeviceOnStandIn, LeavesNothingBehind) {
  const hcd_stub_state before = stub_state();
  Buffer outlives;
  {
    Device device(0);
    outlives = device.allocate(1000);
    device.allocate(10);
  }
  EXPECT_GT(stub_state().allocations, before.allocations);
  outlives = Buffer();
  const hcd_stub_state after = stub_state();
  EXPECT_EQ(after.allocations, before.allocations);
  EXPECT_EQ(after.host_allocations, before.host_allocations);
  EXPECT_EQ(after.streams, before.streams);
  EXPECT_EQ(after.events, before.events);
  EXPECT_EQ(after.modules, before.modules);
}

}  // namespace
}  // namespace hcd::cuda
