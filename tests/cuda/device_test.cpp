// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/device.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/cuda/kernels/vectors.h"

namespace hcd::cuda {
namespace {

TEST(CudaDevice, RunsAKernelOnMemoryOfItsOwn) {
  Device device(0);
  const std::vector<float> x(1000, 2), y(1000, 1);
  Buffer a = device.allocate(x.size()), b = device.allocate(y.size());
  device.copy(x.data(), a.data(), x.size() * sizeof(float));
  device.copy(y.data(), b.data(), y.size() * sizeof(float));
  device.launch(HCD_KERNEL_OF(hcd_axpy), {4}, {kVectorBlock}, 0, 3.0F, a.data(), b.data(),
                x.size());
  std::vector<float> result(y.size());
  device.copy(b.data(), result.data(), y.size() * sizeof(float));
  EXPECT_EQ(result, std::vector<float>(1000, 7));
}

TEST(CudaDevice, AddsUp) {
  Device device(0);
  const std::vector<double> numbers(1000, 0.5);
  Buffer memory = device.allocate(2 * numbers.size());
  device.copy(numbers.data(), memory.data(), numbers.size() * sizeof(double));
  EXPECT_EQ(device.total(reinterpret_cast<const double *>(memory.data()), numbers.size()), 500);
}

}  // namespace
}  // namespace hcd::cuda
