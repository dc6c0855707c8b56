// SPDX-License-Identifier: BSD-2-Clause
// One description, two executors: light networks without LibTorch against their twin on it.
#include <gtest/gtest.h>

#include "client/light/light_network.h"
#include "models/parity.h"
#include "models/registry.h"
#include "models/weights.h"
#include "support/light_file.h"
#include "support/network_error.h"

namespace hcd::models {
namespace {

struct Case {
  const char *label, *kind;
  int scale;
  const char *config;
};

const Case kCases[] = {
    {"lite_x2", "lite", 2, "{}"},
    {"base_x2", "base", 2, "{}"},
    {"base_x4", "base", 4, "{}"},
    {"relu_x2", "lite", 2,
     R"({"layers": [{"out": 5, "activation": "relu"}, {"out": 12, "activation": "relu"},
         {"out": 4}]})"},
    {"mixed_x3", "lite", 3,
     R"({"skip": "lanczos", "layers": [{"out": 20, "kernel": 5, "activation": "relu"},
         {"out": 3, "kernel": 1, "activation": "leaky_relu", "slope": 0.4},
         {"out": 24, "activation": "leaky_relu"}, {"out": 9, "kernel": 5}]})"},
    {"bicubic_x4", "base", 4,
     R"({"skip": "bicubic", "layers": [{"out": 33, "activation": "leaky_relu"}, {"out": 16}]})"},
    {"single_x2", "lite", 2, R"({"layers": [{"out": 4, "kernel": 1, "activation": "relu"}]})"},
};

class LightTest : public testing::TestWithParam<Case> {
 protected:
  LightTest()
      : spec_(client::parse_spec(GetParam().kind, GetParam().scale, GetParam().config)),
        bytes_(test::LightWeights(spec_, GetParam().kind).bytes()) {
    at::manual_seed(5);
    const auto file = files::Safetensors::parse(bytes_, "test");
    twin_ = make_model(GetParam().kind, GetParam().scale,
                       Json::parse(file.metadata().at("hcd.config")), params_);
    load_weights(params_, file);
    native_ = client::make_light_network(spec_, file, GetParam().kind, "bicubic");
  }

  static Plane view(const Tensor &x) {
    return {x.mutable_data_ptr<float>(), static_cast<int>(x.size(3)), static_cast<int>(x.size(2))};
  }

  client::NetSpec spec_;
  std::vector<uint8_t> bytes_;
  Params params_;
  std::unique_ptr<Model> twin_;
  std::unique_ptr<client::Network> native_;
  ThreadPool pool_{2};
};

TEST_P(LightTest, SaysTheSameOfItself) {
  EXPECT_EQ(twin_->scale(), native_->info().scale);
  EXPECT_EQ(twin_->channels(), 1);
  EXPECT_EQ(native_->info().colour, client::Colour::kLuma);
  EXPECT_EQ(twin_->receptive_field(), native_->info().receptive_field);
  EXPECT_EQ(params_.count(), spec_.parameters());
}

TEST_P(LightTest, BothEnlargeAlike) {
  for (const auto &[h, w] :
       std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {1, 9}, {7, 3}, {31, 45}, {64, 52}}) {
    const Tensor x = 255 * at::rand({1, 1, h, w});
    const Tensor expected = twin_->upscale(x / 255, {});
    const Tensor found = at::full_like(expected, NAN);
    native_->forward({pool_}, view(x), 0, view(found), nullptr);
    EXPECT_LE((found / 255 - expected).abs().max().item<double>(), 1e-5) << h << "x" << w;
  }
}

TEST_P(LightTest, BothGiveTheSameGradient) {
  const int s = spec_.scale;
  for (const auto &[h, w, window] :
       std::vector<std::tuple<int, int, Rect>>{{1, 1, {0, 0, s, s}},
                                               {9, 5, {0, 0, 5 * s, 9 * s}},
                                               {33, 40, {0, 0, 40 * s, 33 * s}},
                                               {33, 40, {4 * s, 9 * s, 17 * s, 20 * s}},
                                               {33, 40, {11 * s + 1, 1, 7, 2 * s + 1}}}) {
    const Tensor x = 255 * at::rand({1, 1, h, w});
    const Tensor target = 255 * at::rand({1, 1, window.height, window.width});
    const Tensor variable = x.clone().requires_grad_(true);
    const Tensor shown = (255 * twin_->upscale(variable / 255, {}))
                             .narrow(2, window.y, window.height)
                             .narrow(3, window.x, window.width);
    const Tensor error = (shown - target).square().sum(at::kDouble);
    const Tensor expected = gradient(error, variable);
    const Tensor found = at::zeros_like(x);
    const double sum =
        test::error_and_gradient(*native_, {pool_}, view(x), view(target), window, view(found));
    EXPECT_NEAR(sum, error.item<double>(), 1e-5 * sum);
    expect_close(found, expected, 1e-4, "gradient");
  }
}

INSTANTIATE_TEST_SUITE_P(All, LightTest, testing::ValuesIn(kCases),
                         [](const auto &info) { return std::string(info.param.label); });

// Training starts from the skip.
TEST(Light, StartsAsItsSkip) {
  at::manual_seed(6);
  Params params(at::kFloat, at::kCPU, true);
  const auto model = make_model("lite", 2, Json::object(), params);
  const Tensor x = at::rand({1, 1, 20, 20});
  const Tensor plain = at::upsample_bilinear2d(x, {40, 40}, /*align_corners=*/false);
  EXPECT_LE((model->upscale(x, {}) - plain).abs().max().item<double>(), 0.1);
  EXPECT_GT((model->upscale(x, {}) - plain).abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace hcd::models
