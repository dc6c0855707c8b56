// SPDX-License-Identifier: BSD-2-Clause
// The lost detail: nothing in the picture itself nor in a sharper one, more the more is blurred.
#include "engine/aten/detail.h"
#include "engine/cpu/adm.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace hcd::aten {
namespace {

// Noise around middle grey that is rough at every size.
at::Tensor picture(at::ScalarType dtype = at::kDouble) {
  auto generator = at::detail::createCPUGenerator(7);
  at::Tensor sum = at::zeros({2, 1, 64, 64}, dtype);
  for (int64_t size = 4; size <= 64; size *= 2) {
    const at::Tensor noise = at::randn({2, 1, size, size}, generator, at::TensorOptions(dtype));
    sum += at::repeat_interleave(at::repeat_interleave(noise, 64 / size, 2), 64 / size, 3);
  }
  return 0.5 + 0.04 * sum;
}

at::Tensor blurred(const at::Tensor &x, int64_t size) {
  return at::avg_pool2d(at::replication_pad2d(x, {size / 2, size / 2, size / 2, size / 2}),
                        {size, size}, {1, 1});
}

double loss(const at::Tensor &test, const at::Tensor &reference) {
  return lost_detail(test, reference).item<double>();
}

TEST(DetailLoss, GrowsWithTheBlur) {
  const at::Tensor y = picture();
  EXPECT_NEAR(loss(y, y), 0, 1e-6);
  const double little = loss(blurred(y, 3), y), much = loss(blurred(y, 7), y);
  EXPECT_GT(little, 0.05);
  EXPECT_GT(much, little + 0.05);
  EXPECT_LT(much, 1);
}

TEST(DetailLoss, MoreContrastEarnsNothing) {
  const at::Tensor y = picture(), middle = y.mean();
  // What was added masks a little of what is there: the more, the more.
  const double sharper = loss(middle + 1.1 * (y - middle), y);
  EXPECT_GE(sharper, -1e-9);
  EXPECT_GT(loss(middle + 1.3 * (y - middle), y), sharper);
  EXPECT_LT(sharper, loss(middle + 0.9 * (y - middle), y));
}

TEST(DetailLoss, GradientIsThatOfDifferences) {
  const at::Tensor y = picture(), x = blurred(y, 3).requires_grad_(true);
  const at::Tensor slope = torch::autograd::grad({lost_detail(x, y)}, {x})[0];
  auto generator = at::detail::createCPUGenerator(8);
  const at::Tensor direction = at::randn(x.sizes(), generator, at::TensorOptions(at::kDouble));
  constexpr double kStep = 1e-7;
  const double found =
      (loss(x.detach() + kStep * direction, y) - loss(x.detach() - kStep * direction, y)) /
      (2 * kStep);
  EXPECT_NEAR(found, (slope * direction).sum().item<double>(), 1e-4 * std::abs(found) + 1e-6);
}

// The library's own, which the descent uses.
TEST(DetailLoss, EqualsTheLibrarys) {
  const at::Tensor y = picture(at::kFloat)[0].unsqueeze(0);
  const at::Tensor x = (blurred(y, 3) + 0.1 * (y - y.mean())).requires_grad_(true);
  const at::Tensor value = lost_detail(x, y);
  // The library's picture is in code values.
  const at::Tensor slope = torch::autograd::grad({value}, {x})[0] / 255;
  const at::Tensor large = (255 * y).contiguous(), small = (255 * x.detach()).contiguous();
  const at::Tensor own = at::zeros_like(large);
  ThreadPool pool(1);
  cpu::Memory memory;
  cpu::DetailLoss native({large.data_ptr<float>(), 64, 64}, memory, pool);
  const double found =
      native.value_and_gradient({small.data_ptr<float>(), 64, 64}, {own.data_ptr<float>(), 64, 64});
  EXPECT_NEAR(found, value.item<double>(), 1e-5);
  EXPECT_LT((own - slope).norm().item<double>(), 1e-3 * slope.norm().item<double>());
}

}  // namespace
}  // namespace hcd::aten
