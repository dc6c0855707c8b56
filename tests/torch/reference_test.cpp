// SPDX-License-Identifier: BSD-2-Clause
// TorchScript networks against LibTorch called directly, in double precision for the derivatives.
#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include "support/network_error.h"
#include "support/picture.h"

namespace hcd::client {
namespace {

using test::Picture;

// As a network's picture, in [0, 1].
at::Tensor tensor(const Picture &picture) {
  std::vector<float> values = picture.values();
  return at::from_blob(values.data(), {1, picture.channels(), picture.height(), picture.width()})
      .div(255);
}

// Of code values / 255 to those of a network.
double largest_difference(const Picture &picture, const at::Tensor &expected) {
  const at::Tensor found = tensor(picture).to(at::kDouble);
  return found.sub(expected.to(at::kDouble)).abs().max().item<double>();
}

std::string path(const char *file) { return std::string(HCD_TORCHSCRIPT_FILES) + file; }

TEST(Reference, ForwardIsTheMethod) {
  ThreadPool pool(2);
  for (const char *file : {"luma_x2.pt", "half_weights.pt"}) {
    const auto network = load_network({"torchscript", path(file), "cpu"}, Log());
    torch::jit::Module module = torch::jit::load(path(file));
    for (const at::Tensor &weight : module.parameters()) weight.set_data(weight.to(at::kFloat));
    const Picture x = Picture::noise(1, 40, 56, 1);
    Picture enlarged(1, 80, 112);
    network->forward({pool}, x.view(), 0, enlarged.view(), nullptr);
    EXPECT_LT(largest_difference(enlarged, module.forward({tensor(x)}).toTensor()), 1e-6) << file;
  }
}

// Without changes to whole numbers: a buffer of indices must not become float.
TEST(Reference, DerivativesAreThoseInDoublePrecision) {
  ThreadPool pool(2);
  const auto network = load_network({"torchscript", path("rgb_x2.pt"), "cpu"}, Log());
  torch::jit::Module module = torch::jit::load(path("rgb_x2.pt"));
  module.to(at::kDouble);
  const Picture x = Picture::noise(3, 16, 24, 1), y = Picture::noise(3, 32, 48, 2);

  Picture gradient(3, 16, 24);
  const double error = test::error_and_gradient(*network, {pool}, x, y, gradient);
  const at::Tensor lr = tensor(x).to(at::kDouble).requires_grad_(true);
  const at::Tensor enlarged = module.get_method("upscale")({lr}).toTensor();
  const at::Tensor loss = enlarged.sub(tensor(y)).square().sum();
  EXPECT_NEAR(error, 255 * 255 * loss.item<double>(), 1e-6 * error);
  const at::Tensor expected = torch::autograd::grad({loss}, {lr})[0];
  EXPECT_LT(largest_difference(gradient, expected), 1e-5);
  EXPECT_GT(expected.abs().max().item<double>(), 0.1);  // so that 1e-5 says something

  Picture pulled(3, 32, 48);
  network->downscale_backward({pool}, y.view(), x.view(), pulled.view());
  const at::Tensor hr = tensor(y).to(at::kDouble).requires_grad_(true);
  const at::Tensor small = module.get_method("downscale")({hr}).toTensor();
  const at::Tensor v = tensor(x).to(at::kDouble);
  EXPECT_LT(largest_difference(pulled, torch::autograd::grad({small}, {hr}, {v})[0]), 1e-6);
}

}  // namespace
}  // namespace hcd::client
