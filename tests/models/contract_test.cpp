// SPDX-License-Identifier: BSD-2-Clause
// What every model promises (models/model.h), on small networks with random weights: any size, how
// far results look, where tiles may begin, gradients.
#include <algorithm>
#include <functional>

#include "models/parity.h"

namespace hcd::models {
namespace {

struct Small {
  const char *label, *kind;
  int scale;
  const char *config;
  const char *pooling;  // ends the names of the weights through which the whole picture acts
};

constexpr const char *kLight2 =
    R"({"layers": [{"out": 6, "activation": "leaky_relu"}, {"out": 4}]})";
constexpr const char *kLight3 =
    R"({"skip": "lanczos", "layers": [{"out": 6, "kernel": 5}, {"out": 9, "kernel": 5}]})";
constexpr const char *kSwinir = R"({"depths": [2, 2], "heads": [2, 1], "features": 8, "window": 4,
                                    "upsample_features": 4})";
constexpr const char *kSwinirLight =
    R"({"light": true, "depths": [3], "heads": [2], "features": 8, "window": 4})";
constexpr const char *kCar = R"({"widths": [2, 4, 4], "blocks": 1, "features": 4})";
constexpr const char *kHcflow =
    R"({"steps": 2, "conditional_steps": 1, "growth": 4, "hidden": 4, "rrdb_blocks": [0, 0],
        "features": 4, "rrdb_growth": 3})";
constexpr const char *kTad = R"({"blocks": 1, "features": 8, "stem": [4, 2]})";

const Small kSmall[] = {
    {"lite_x2", "lite", 2, kLight2, nullptr},
    {"base_x3", "base", 3, kLight3, nullptr},
    {"srcnn_x2", "srcnn", 2, "{}", nullptr},
    {"srcnn_x4", "srcnn", 4, "{}", nullptr},
    {"edsr_x2", "edsr", 2, R"({"blocks": 1, "features": 4})", nullptr},
    {"edsr_x3", "edsr", 3, R"({"blocks": 1, "features": 4})", nullptr},
    {"edsr_x4", "edsr", 4, R"({"blocks": 1, "features": 4})", nullptr},
    {"rdn_x2", "rdn", 2, R"({"blocks": 2, "layers": 2, "growth": 4, "features": 4})", nullptr},
    {"rdn_x4", "rdn", 4, R"({"blocks": 2, "layers": 2, "growth": 4, "features": 4})", nullptr},
    {"rcan_x2", "rcan", 2, R"({"groups": 1, "blocks": 1, "features": 4})", "conv_du.2.weight"},
    {"rfanet_x2", "rfanet", 2, R"({"modules": 1, "features": 4})", "esa.conv4.weight"},
    {"rrdb_x4", "rrdb", 4, R"({"blocks": 1, "features": 4, "growth": 4})", nullptr},
    {"swinir_x2", "swinir", 2, kSwinir, nullptr},
    {"swinir_x4", "swinir", 4, kSwinir, nullptr},
    {"swinir_light_x2", "swinir", 2, kSwinirLight, nullptr},
    {"car_x2", "car", 2, kCar, nullptr},
    {"car_x4", "car", 4, kCar, nullptr},
    {"tad_x2", "tad", 2, kTad, nullptr},
    {"tad_x4", "tad", 4, kTad, nullptr},
    {"tad_bicubic_x2", "tad", 2,
     R"({"blocks": 1, "features": 8, "stem": [4, 2], "bicubic_skip": true})", nullptr},
    {"irn_x2", "irn", 2, R"({"growth": 4, "blocks": [1]})", nullptr},
    {"irn_x4", "irn", 4, R"({"growth": 4, "blocks": [1, 1]})", nullptr},
    {"firn_x4", "firn", 4, R"({"blocks": [1, 1]})", nullptr},
    {"hcflow_x4", "hcflow", 4, kHcflow, nullptr},
};

class Contract : public testing::TestWithParam<Small> {
 protected:
  Contract() : params_(at::kDouble, at::kCPU, true) {
    at::manual_seed(3);
    model_ = make_model(GetParam().kind, GetParam().scale, nlohmann::json::parse(GetParam().config),
                        params_);
    if (!model_->latents().empty()) redraw();  // training starts such networks at zero
  }
  void redraw() const {
    for (const Params::Entry &entry : params_.entries()) {
      if (entry.trainable) entry.value.add_(at::randn_like(entry.value), 0.1);
    }
  }
  int64_t scale() const { return model_->scale(); }
  // Pictures of the model's channels with values around those of [0, 1].
  Tensor picture(int64_t height, int64_t width) const {
    return at::rand({1, model_->channels(), height, width}, at::kDouble);
  }
  Tensor up(const Tensor &x) const { return model_->upscale(x, zero_latents(*model_, x)); }
  // Leaves the part of the network that does not pool over the whole picture.
  void cut_pooling() const {
    if (!GetParam().pooling) return;
    for (const Params::Entry &entry : params_.entries()) {
      if (entry.name.ends_with(GetParam().pooling)) entry.value.zero_();
    }
  }

  Params params_;
  std::unique_ptr<Model> model_;
};

TEST_P(Contract, AnySizeFromOnePixelOn) {
  for (const auto &[height, width] :
       std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {1, 9}, {5, 3}, {13, 18}}) {
    const Tensor x = picture(height, width);
    const Tensor y = up(x);
    EXPECT_EQ(y.sizes(), at::IntArrayRef({1, x.size(1), height * scale(), width * scale()}));
    EXPECT_TRUE(at::isfinite(y).all().item<bool>());
    EXPECT_EQ(model_->downscale(y).x_lr.sizes(), x.sizes());
  }
}

TEST_P(Contract, KeepsNoState) {
  const Tensor x = picture(6, 7);
  const Tensor before = up(x);
  up(picture(9, 5));
  EXPECT_TRUE(at::equal(up(x), before));
}

// Range of indices along one axis of `slope` that are not zero. e^-100, the weight of masked
// attention, is.
std::pair<int64_t, int64_t> extent(const Tensor &slope, int64_t axis) {
  const Tensor line =
      slope.abs().amax(axis == 2 ? at::IntArrayRef({0, 1, 3}) : at::IntArrayRef({0, 1, 2}));
  const Tensor seen = line.gt(line.max() * 1e-30).nonzero();
  return {seen.min().item<int64_t>(), seen.max().item<int64_t>()};
}

// How far the results of LR pixels look, over all places within a tile's alignment.
TEST_P(Contract, LooksAsFarAsItSays) {
  cut_pooling();
  const int64_t reach = model_->receptive_field(), alignment = model_->alignment();
  const int64_t middle = (reach / alignment + 2) * alignment, size = 2 * middle + alignment;
  const Tensor x = picture(size, size).requires_grad_(true);
  const Tensor y = up(x);
  int64_t largest = 0;
  for (int64_t at = middle; at < middle + alignment; ++at) {
    const Tensor result = y.narrow(2, at * scale(), scale()).narrow(3, at * scale(), scale());
    const Tensor slope = gradient(result.square().sum(), x, true);
    for (const int64_t axis : {2, 3}) {
      const auto [first, last] = extent(slope, axis);
      largest = std::max({largest, at - first, last - at});
    }
  }
  if (std::string(GetParam().kind) == "car") {
    EXPECT_LE(largest, reach);  // its g looks farther than so small an EDSR
  } else {
    EXPECT_EQ(largest, reach);
  }
}

// The same of g, as what a large picture's pixels act on.
TEST_P(Contract, DownscalingLooksNoFarther) {
  if (!model_->has_downscale()) GTEST_SKIP() << "g is bicubic";
  const int64_t reach = model_->receptive_field(), alignment = model_->alignment();
  const int64_t middle = (reach / alignment + 2) * alignment, size = 2 * middle + alignment;
  const Tensor y = picture(size * scale(), size * scale()).requires_grad_(true);
  const Tensor x = model_->downscale(y).x_lr;
  int64_t largest = 0;
  for (int64_t at = middle; at < middle + alignment; ++at) {
    const Tensor slope = gradient(x.select(2, at).select(2, at).square().sum(), y, true);
    for (const int64_t axis : {2, 3}) {
      const auto [first, last] = extent(slope, axis);
      largest = std::max({largest, at - first / scale(), last / scale() - at});
    }
  }
  EXPECT_LE(largest, reach);
  if (!model_->latents().empty()) return;  // f of these looks farther: it takes what z is made of
  EXPECT_GE(largest, reach - 1);  // the promise is no loose one; f of tad looks one farther
}

// A tile that begins at a multiple of the alignment, with the receptive field around it, equals the
// whole picture.
TEST_P(Contract, TilesEqualTheWhole) {
  if (GetParam().pooling) GTEST_SKIP() << "this model pools over the whole picture";
  const int64_t reach = model_->receptive_field(), alignment = model_->alignment();
  const int64_t begin = alignment, border = (reach + alignment - 1) / alignment * alignment;
  const int64_t inner = 5, tile = 2 * border + inner, size = begin + tile + 6;
  const Tensor x = picture(size, size);
  const auto cut = [](const Tensor &from, int64_t start, int64_t length) {
    return from.narrow(2, start, length).narrow(3, start, length);
  };
  const Tensor whole = cut(up(x), (begin + border) * scale(), inner * scale());
  const Tensor tiled = cut(up(cut(x, begin, tile)), border * scale(), inner * scale());
  expect_close(tiled, whole, 1e-12, "f");
  const Tensor y = picture(size * scale(), size * scale());
  const Tensor small = cut(model_->downscale(y).x_lr, begin + border, inner);
  const Tensor y_tile = cut(y, begin * scale(), tile * scale());
  expect_close(cut(model_->downscale(y_tile).x_lr, border, inner), small, 1e-12, "g");
}

// Derivative along a random direction against the difference quotient.
void expect_slope(const std::function<Tensor(const Tensor &)> &function, const Tensor &at) {
  const Tensor point = at.clone().requires_grad_(true);
  const Tensor weights = at::randn_like(function(at));
  const Tensor direction = at::randn_like(at) * 1e-6;
  const double along =
      (gradient((function(point) * weights).sum(), point) * direction).sum().item<double>();
  const double difference =
      ((function(at + direction) - function(at - direction)) * weights).sum().item<double>() / 2;
  EXPECT_NEAR(along, difference, 1e-4 * std::abs(difference));
}

TEST_P(Contract, GradientsAreThoseOfFiniteDifferences) {
  expect_slope([this](const Tensor &x) { return up(x); }, picture(7, 6));
  expect_slope([this](const Tensor &y) { return model_->downscale(y).x_lr; },
               picture(16 * scale(), 18 * scale()));
}

INSTANTIATE_TEST_SUITE_P(Models, Contract, testing::ValuesIn(kSmall),
                         [](const auto &info) { return std::string(info.param.label); });

// x4 is x2 twice with the same weights.
TEST(Tad, FourIsTwiceTwo) {
  at::manual_seed(7);
  const auto config = nlohmann::json::parse(kTad);
  Params params2(at::kDouble, at::kCPU, true), params4(at::kDouble);
  const auto two = make_model("tad", 2, config, params2),
             four = make_model("tad", 4, config, params4);
  const std::vector<uint8_t> file = encode_weights(params2, {});
  load_weights(params2, files::Safetensors::parse(file, "tad"));  // as rounded to float32
  load_weights(params4, files::Safetensors::parse(file, "tad"));
  const Tensor x = at::rand({2, 3, 4, 5}, at::kDouble);
  expect_close(four->upscale(x, {}), two->upscale(two->upscale(x, {}), {}), 1e-14, "f");
  const Tensor y = at::rand({2, 3, 16, 20}, at::kDouble);
  expect_close(four->downscale(y).x_lr, two->downscale(two->downscale(y).x_lr).x_lr, 1e-14, "g");
}

}  // namespace
}  // namespace hcd::models
