// SPDX-License-Identifier: BSD-2-Clause
// A context of the stand-in for the driver, and what its own tests use in it.
#pragma once

#include <gtest/gtest.h>

#include "engine/cuda/driver.h"
#include "engine/cuda/kernels/numbers.h"
#include "stub/for_tests.h"

namespace hcd::cuda {

inline constexpr Result kInvalidValue = 1, kDeviceUnavailable = 46, kInvalidContext = 201,
                        kInvalidHandle = 400, kNotFound = 500, kNotReady = 600,
                        kIllegalAddress = 700, kLaunchOutOfResources = 701, kNotSupported = 801;
inline constexpr size_t kBytes = 1024, kFloats = kBytes / sizeof(float);

// A context, and in it a stream, a kernel and 1024 bytes of memory.
class CudaStub : public testing::Test {
 protected:
  CudaStub() {
    EXPECT_EQ(create_context(&context, 0, 0), kSuccess);
    EXPECT_EQ(d.stream_create(&stream, 1), kSuccess);
    EXPECT_EQ(d.module_load(&module, ""), kSuccess);
    EXPECT_EQ(d.module_function(&axpy, module, "hcd_axpy"), kSuccess);
    EXPECT_EQ(d.memory_allocate(&memory, kBytes), kSuccess);
  }
  ~CudaStub() override {
    EXPECT_EQ(destroy_context(context), kSuccess);
    const hcd_stub_state left = stub_state();
    EXPECT_EQ(left.contexts, 0U);
    EXPECT_EQ(left.pushed, 0U);
    EXPECT_EQ(left.streams + left.events + left.modules + left.allocations, 0U);
    EXPECT_EQ(left.graphs + left.executables, 0U);
  }

  // y += x in memory, `n` floats.
  Result launch(uint64_t n, unsigned threads = 256) {
    DeviceNumber a{1, nullptr};
    DevicePointer x = memory, y = memory;
    void *parameters[] = {&a, &x, &y, &n};
    return d.launch(axpy, 1, 1, 1, threads, 1, 1, 0, stream, parameters, nullptr);
  }
  Result to_device(const void *from, size_t bytes = kBytes) {
    return d.copy_async(memory, reinterpret_cast<DevicePointer>(from), bytes, stream);
  }
  Result to_host(void *to, size_t bytes = kBytes) {
    return d.copy_async(reinterpret_cast<DevicePointer>(to), memory, bytes, stream);
  }
  Result finish() { return d.stream_synchronize(stream); }

  const Driver &d = driver();
  Result (*create_context)(Context *, unsigned,
                           int) = stub_function<Result(Context *, unsigned, int)>("cuCtxCreate_v2");
  Result (*destroy_context)(Context) = stub_function<Result(Context)>("cuCtxDestroy_v2");
  Context context = nullptr;
  Stream stream = nullptr;
  Module module = nullptr;
  Function axpy = nullptr;
  DevicePointer memory = 0;
};

}  // namespace hcd::cuda
