// SPDX-License-Identifier: BSD-2-Clause
// Networks on a GPU against the same on the CPU. Skipped, with the reason, where CUDA cannot be
// had.
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "picture.h"

namespace hcd::client {
namespace {

std::string path(const char *file) { return std::string(HCD_TORCHSCRIPT_FILES) + file; }

void expect_near(const Picture &a, const Picture &b, float tolerance) {
  const std::vector<float> x = a.values(), y = b.values();
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], y[i], tolerance) << i;
}

class Gpu : public testing::Test {
 protected:
  // CUDA first: LibTorch asks for it once.
  void SetUp() override {
    try {
      cuda_ = load_network({"torchscript", path("rgb_x2.pt"), "cuda"}, Log());
    } catch (const Error &error) {
      ASSERT_EQ(error.status(), HCD_E_DEVICE);
      GTEST_SKIP() << error.what();
    }
    cpu_ = load_network({"torchscript", path("rgb_x2.pt"), "cpu"}, Log());
  }

  std::unique_ptr<Network> cuda_, cpu_;
  const Picture lr_ = Picture::noise(3, 48, 64, 1), hr_ = Picture::noise(3, 96, 128, 2);
};

TEST_F(Gpu, BothDirectionsEqualTheCpu) {
  Picture on_gpu(3, 96, 128), on_cpu(3, 96, 128), small_gpu(3, 48, 64), small_cpu(3, 48, 64);
  cuda_->upscale(lr_.view(), on_gpu.view());
  cpu_->upscale(lr_.view(), on_cpu.view());
  expect_near(on_gpu, on_cpu, 1e-5F);
  cuda_->downscale(hr_.view(), small_gpu.view());
  cpu_->downscale(hr_.view(), small_cpu.view());
  expect_near(small_gpu, small_cpu, 1e-5F);
}

TEST_F(Gpu, ErrorAndGradientEqualTheCpu) {
  Picture on_gpu(3, 48, 64), on_cpu(3, 48, 64);
  const double gpu = cuda_->error_and_gradient(lr_.view(), hr_.view(), hr_.all(), on_gpu.view());
  const double cpu = cpu_->error_and_gradient(lr_.view(), hr_.view(), hr_.all(), on_cpu.view());
  EXPECT_NEAR(gpu, cpu, 1e-4 * cpu);
  expect_near(on_gpu, on_cpu, 1e-3F);
}

}  // namespace
}  // namespace hcd::client
