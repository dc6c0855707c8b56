// SPDX-License-Identifier: BSD-2-Clause
// RFANet. Liu, Zhang, Tang, Tang, Wu, "Residual Feature Aggregation Network for Image
// Super-Resolution", CVPR 2020.
#include "models/rfanet.h"

#include <array>

#include "models/config.h"
#include "models/registry.h"

namespace hcd::models {

Esa::Esa(const Scope &scope, int64_t features, int64_t width)
    : conv1(scope("conv1"), features, width, 1),
      conv_f(scope("conv_f"), width, width, 1),
      conv2(scope("conv2"), width, width, 3, {.stride = 2, .padding = 0}),
      conv_max(scope("conv_max"), width, width, 3),
      conv3(scope("conv3"), width, width, 3),
      conv3_(scope("conv3_"), width, width, 3),
      conv4(scope("conv4"), width, features, 1) {}

Tensor Esa::operator()(const Tensor &x, const Tensor &guide) const {
  const Tensor narrow = conv1(guide);
  const Tensor small = at::max_pool2d(conv2(narrow), {7, 7}, {3, 3});
  const Tensor seen = conv3_(at::relu(conv3(at::relu(conv_max(small)))));
  const Tensor large = at::upsample_bilinear2d(seen, {x.size(2), x.size(3)}, false);
  return x * at::sigmoid(conv4(large + conv_f(narrow)));
}

namespace {

// conv - ReLU - conv - attention; the module adds the input.
struct Block {
  Conv conv1, conv2;
  Esa esa;

  Tensor operator()(const Tensor &x) const {
    const Tensor residual = conv2(at::relu(conv1(x)));
    return esa(residual, residual);
  }
};

// Residual feature aggregation (figure 3): what all four residual blocks found, fused by 1x1.
struct Module {
  std::array<Block, 4> blocks;
  Conv fuse;

  Tensor operator()(const Tensor &x) const {
    const Tensor residual1 = blocks[0](x);
    const Tensor x1 = x + residual1;
    const Tensor residual2 = blocks[1](x1);
    const Tensor x2 = x1 + residual2;
    const Tensor residual3 = blocks[2](x2);
    const Tensor residual4 = blocks[3](x2 + residual3);
    return x + fuse(at::cat({residual1, residual2, residual3, residual4}, 1));
  }
};

// Published: 30 modules, 64 features, attention of 64 / 4 (11.1 million parameters at x4); x2, x3,
// x4. Values of [0, 1], no mean shift. Configuration: modules, features.
// The authors published the attention block only (checked against it); the rest follows the paper,
// with names of this project: no official weights exist to confirm them.
// Deviation: pictures below 15 x 15 are extended by their last row and column.
// The attention is enlarged by the ratio of the whole picture's size to its pooled size, which a
// tile has not: a picture in tiles gives other results, however far the tiles overlap.
class Rfanet : public Model {
 public:
  Rfanet(int scale, const Json &json, const Scope &scope) : Model(scale) {
    check_scale("rfanet", scale, {2, 3, 4});
    Config config(json, "rfanet");
    const int64_t modules = config.number("modules", 30, 1, 256);
    const int64_t features = config.number("features", 64, 4, 1024);
    config.done();
    head_ = Conv(scope("head"), 3, features, 3);
    for (int64_t m = 0; m < modules; ++m) {
      const Scope names = scope("body", m);
      Module module;
      for (size_t b = 0; b < module.blocks.size(); ++b) {
        const Scope block = names("rb" + std::to_string(b + 1));
        module.blocks[b] = {Conv(block("conv1"), features, features, 3),
                            Conv(block("conv2"), features, features, 3),
                            Esa(block("esa"), features, features / 4)};
      }
      module.fuse = Conv(names("fuse"), 4 * features, features, 1);
      body_.blocks.push_back(std::move(module));
    }
    body_.end = Conv(scope("body", modules), features, features, 3);
    enlarge_ = SubPixel(scope("tail", 0), features, scale);
    tail_ = Conv(scope("tail", 1), features, 3, 3);
  }

  // Apart from the attention.
  int receptive_field() const override {
    // Head, four blocks of two convolutions a module, the body's last, the enlarging ones, the
    // tail.
    return static_cast<int>(1 + 8 * body_.blocks.size() + 1 + 2);
  }

  Tensor upscale(const Tensor &x_lr, const Latents &) const override {
    const Tensor x = extend(x_lr, Esa::kLeast, Esa::kLeast);
    return crop(tail_(enlarge_(body_(head_(x)))), x_lr.size(2) * scale_, x_lr.size(3) * scale_);
  }

 private:
  Conv head_;
  Body body_;
  SubPixel enlarge_;
  Conv tail_;
};

}  // namespace

std::unique_ptr<Model> make_rfanet(int scale, const Json &config, const Scope &scope) {
  return std::make_unique<Rfanet>(scale, config, scope);
}

}  // namespace hcd::models
