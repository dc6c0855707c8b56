// SPDX-License-Identifier: BSD-2-Clause
// The dense block's ways of computing the same: operation by operation for training, as one
// operation for descents, and with hidden maps computed anew.
#include "models/dense_block.h"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include "models/parity.h"

namespace hcd::models {
namespace {

struct Sizes {
  int64_t count, in, growth, out, height, width;
};

class DenseBlockPaths : public testing::TestWithParam<std::tuple<Sizes, at::ScalarType>> {
 protected:
  DenseBlockPaths() : params_(std::get<1>(GetParam())) {
    at::manual_seed(3);
    const Sizes &s = std::get<0>(GetParam());
    block_ = DenseBlock(Scope(params_), s.in, s.growth, s.out);
    for (const Params::Entry &entry : params_.entries()) entry.value.normal_(0, 0.2);
    x_ = at::randn({s.count, s.in, s.height, s.width}, params_.dtype());
    towards_ = at::randn({s.count, s.out, s.height, s.width}, params_.dtype());
  }

  struct Result {
    Tensor value, gradient;
  };
  // Output, and the gradient of its product with a fixed tensor.
  Result run() const {
    const Tensor x = x_.clone().requires_grad_(true);
    const Tensor value = block_(x);
    return {value.detach(), gradient((value * towards_).sum(), x)};
  }
  void train(bool on) const {
    for (const Params::Entry &entry : params_.entries()) entry.value.requires_grad_(on);
  }

  Params params_;
  DenseBlock block_;
  Tensor x_, towards_;
};

TEST_P(DenseBlockPaths, Agree) {
  const Tolerance limit = tolerance(params_.dtype());
  train(true);
  const Result plain = run();
  train(false);
  const Result frozen = run();
  expect_close(frozen.value, plain.value.to(at::kDouble), limit.output, "value");
  expect_close(frozen.gradient, plain.gradient.to(at::kDouble), limit.gradient, "gradient");
  const Recompute recompute;
  const Result again = run();
  EXPECT_TRUE(again.value.equal(frozen.value));
  EXPECT_TRUE(again.gradient.equal(frozen.gradient));
  const c10::NoGradGuard no_grad;
  EXPECT_TRUE(block_(x_).equal(frozen.value));
}

// A trained block's weights still receive gradients.
TEST_P(DenseBlockPaths, TrainsItsWeights) {
  train(true);
  const Tensor &weight = block_.convs[0].weight;
  EXPECT_GT(gradient((block_(x_) * towards_).sum(), weight).abs().max().item<double>(), 0);
}

INSTANTIATE_TEST_SUITE_P(Models, DenseBlockPaths,
                         testing::Combine(testing::Values(Sizes{1, 3, 4, 9, 7, 5},
                                                          Sizes{2, 9, 5, 3, 6, 10},
                                                          Sizes{1, 45, 8, 3, 1, 1}),
                                          testing::Values(at::kDouble, at::kFloat)));

}  // namespace
}  // namespace hcd::models
