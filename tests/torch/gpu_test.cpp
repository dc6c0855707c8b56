// SPDX-License-Identifier: BSD-2-Clause
// Networks on a GPU against the same on the CPU. Skipped, with the reason, where CUDA cannot be
// had.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "conformance/on_engine.h"
#include "engine/cuda/engine.h"
#include "support/network_error.h"
#include "support/picture.h"

namespace hcd::client {
namespace {

using conformance::OnEngine;
using test::Picture;

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

  ThreadPool pool_{1};
  std::unique_ptr<Network> cuda_, cpu_;
  const Picture lr_ = Picture::noise(3, 48, 64, 1), hr_ = Picture::noise(3, 96, 128, 2);
};

TEST_F(Gpu, BothDirectionsEqualTheCpu) {
  Picture on_gpu(3, 96, 128), on_cpu(3, 96, 128), small_gpu(3, 48, 64), small_cpu(3, 48, 64);
  cuda_->forward({pool_}, lr_.view(), 0, on_gpu.view(), nullptr);
  cpu_->forward({pool_}, lr_.view(), 0, on_cpu.view(), nullptr);
  expect_near(on_gpu, on_cpu, 2.5e-3F);
  cuda_->downscale({pool_}, hr_.view(), small_gpu.view());
  cpu_->downscale({pool_}, hr_.view(), small_cpu.view());
  expect_near(small_gpu, small_cpu, 2.5e-3F);
}

TEST_F(Gpu, ErrorAndGradientEqualTheCpu) {
  Picture on_gpu(3, 48, 64), on_cpu(3, 48, 64);
  const double gpu = test::error_and_gradient(*cuda_, {pool_}, lr_, hr_, on_gpu);
  const double cpu = test::error_and_gradient(*cpu_, {pool_}, lr_, hr_, on_cpu);
  EXPECT_NEAR(gpu, cpu, 1e-4 * cpu);
  expect_near(on_gpu, on_cpu, 0.25F);
}

// In the memory of our engine, from which LibTorch gets tiles by copies within the GPU. Many of
// them, one after another: what one of the two reads too early is another tile's.
TEST_F(Gpu, PicturesOfTheEngineEqualTheCpus) {
  const auto engine =
      cuda::make_engine(std::make_shared<cuda::Device>(std::max(cuda_->cuda_device(), 0)), pool_);
  const client::Run run = run_on(*engine, 12);
  ASSERT_EQ(run.engine, engine.get());
  OnEngine lr(*engine, lr_), hr(*engine, hr_), shown(*engine, hr_), gradient(*engine, lr_);
  OnEngine small(*engine, lr_), pulled(*engine, hr_);
  Picture expected(3, 96, 128), expected_small(3, 48, 64);
  for (int round = 0; round < 5; ++round) {
    cuda_->forward(run, lr.read(), 0, shown.view(), nullptr);
    cpu_->forward({pool_, 12}, lr_.view(), 0, expected.view(), nullptr);
    expect_near(shown.result(), expected, 2.5e-3F);
    cuda_->backward(run, lr.read(), 0, nullptr, hr.read(), gradient.view());
    cpu_->backward({pool_, 12}, lr_.view(), 0, nullptr, hr_.view(), expected_small.view());
    expect_near(gradient.result(), expected_small, 0.25F);
    cuda_->downscale(run, hr.read(), small.view());
    cpu_->downscale({pool_, 12}, hr_.view(), expected_small.view());
    expect_near(small.result(), expected_small, 2.5e-3F);
    cuda_->downscale_backward(run, hr.read(), lr.read(), pulled.view());
    cpu_->downscale_backward({pool_, 12}, hr_.view(), lr_.view(), expected.view());
    expect_near(pulled.result(), expected, 0.25F);
  }
}

}  // namespace
}  // namespace hcd::client
