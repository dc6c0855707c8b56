// SPDX-License-Identifier: BSD-2-Clause
// What training asks of the invertible networks: where it starts, and HCFlow's likelihood.
#include <ATen/CPUGeneratorImpl.h>

#include "models/hcflow.h"
#include "models/parity.h"

namespace hcd::models {
namespace {

constexpr char kSmallHcflow[] = R"({"steps": 2, "conditional_steps": 1, "growth": 4, "hidden": 8,
                                    "rrdb_blocks": [1, 1], "features": 6, "rrdb_growth": 3})";

struct Initialised {
  Initialised(const char *kind, int scale, const char *config) {
    at::manual_seed(1);
    model = make_model(kind, scale, nlohmann::json::parse(config), params);
  }
  Params params{at::kDouble, at::kCPU, true};
  std::unique_ptr<Model> model;
};

Tensor picture(int64_t count, int64_t side) {
  return at::rand({count, 3, side, side}, at::kDouble);
}

struct Start {
  const char *kind;
  int scale;
  const char *config;
};
class TrainingStart : public testing::TestWithParam<Start> {};

TEST_P(TrainingStart, IsTheMeanOfBlocks) {
  const Start &start = GetParam();
  const Initialised start_of(start.kind, start.scale, start.config);
  const Tensor y = picture(2, 8);
  const Downscaled down = start_of.model->downscale(y);
  const Tensor means = at::avg_pool2d(y, start.scale);
  EXPECT_LT((down.x_lr - means).abs().max().item<double>(), 1e-12);
  EXPECT_LT((start_of.model->upscale(down.x_lr, down.z) - y).abs().max().item<double>(), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Models, TrainingStart,
                         testing::Values(Start{"irn", 2, R"({"growth": 4, "blocks": [2]})"},
                                         Start{"irn", 4, R"({"growth": 4, "blocks": [1, 1]})"},
                                         Start{"firn", 2, R"({"blocks": [2]})"},
                                         Start{"hcflow", 4, kSmallHcflow}),
                         [](const auto &info) {
                           return std::string(info.param.kind) + "_x" +
                                  std::to_string(info.param.scale);
                         });

// The Jacobian by one backward pass per value, and its determinant.
TEST(Hcflow, CountsTheDeterminant) {
  const Initialised start("hcflow", 4, kSmallHcflow);
  for (const Params::Entry &entry : start.params.entries()) {
    if (entry.trainable) entry.value.add_(at::randn_like(entry.value), 0.1);
  }
  const auto &hcflow = dynamic_cast<const Hcflow &>(*start.model);
  const Tensor y = picture(1, 4).requires_grad_(true);
  Tensor log_det;
  const Downscaled down = hcflow.encode(y, &log_det);
  const Tensor values =
      at::cat({down.x_lr.flatten(), down.z.at(0).flatten(), down.z.at(1).flatten()});
  ASSERT_EQ(values.numel(), y.numel());
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < values.numel(); ++i)
    rows.push_back(gradient(values[i], y, true).flatten());
  const double expected = std::get<1>(at::linalg_slogdet(at::stack(rows))).item<double>();
  ASSERT_EQ(log_det.sizes(), at::IntArrayRef({1}));
  EXPECT_NEAR(log_det.item<double>(), expected, 1e-8);
}

// After fitting, the first normalisation gives the Haar coefficients zero mean and unit variance.
TEST(Hcflow, FitsItsNormalisations) {
  Initialised start("hcflow", 4, kSmallHcflow);
  const Tensor y = picture(2, 16);
  dynamic_cast<Hcflow &>(*start.model).fit_normalisations(y);
  std::map<std::string, Tensor> values;
  for (const Params::Entry &entry : start.params.entries()) values[entry.name] = entry.value;
  const std::string norm = "flow.layers.1.actnorm.";
  Params haar_params(at::kDouble);
  const Tensor x = Haar(Scope(haar_params), 3).forward(y);
  const Tensor fitted = (x + values.at(norm + "bias")) * at::exp(values.at(norm + "logs"));
  EXPECT_LT(fitted.mean({0, 2, 3}).abs().max().item<double>(), 1e-9);
  EXPECT_LT((fitted.square().mean({0, 2, 3}) - 1).abs().max().item<double>(), 1e-3);
  for (const auto &[name, value] : values) {
    if (name.ends_with("actnorm.logs")) {
      EXPECT_GT(value.abs().max().item<double>(), 0) << name << " is as before";
    }
  }
}

}  // namespace
}  // namespace hcd::models
