// SPDX-License-Identifier: BSD-2-Clause
// RCAN. Zhang, Li, Li, Wang, Zhong, Fu, "Image Super-Resolution Using Very Deep Residual Channel
// Attention Networks", ECCV 2018.
#include <algorithm>

#include "models/config.h"
#include "models/registry.h"

namespace hcd::models {
namespace {

// Residual channel attention block (figure 4): conv - ReLU - conv, each channel times a weight that
// its mean over the picture decides, plus the input.
struct Block {
  Conv first, second, squeeze, excite;

  Tensor attention(const Tensor &x) const {
    return at::sigmoid(excite(at::relu(squeeze(x.mean({2, 3}, true)))));
  }
  Tensor operator()(const Tensor &x) const {
    const Tensor residual = second(at::relu(first(x)));
    return residual * attention(residual) + x;
  }
};

// Published: 10 groups of 20 blocks, 64 features, reduction 16 (15.6 million parameters at x4); x2,
// x3, x4. The network works on values of [0, 255].
// Configuration: groups, blocks (of a group), features, reduction, range (255).
// Channel attention averages over the whole picture: a picture in tiles gives other results,
// however far the tiles overlap.
// Deviation: the colour means, trainable by oversight in the authors' code, are fixed here.
class Rcan : public Model {
 public:
  Rcan(int scale, const Json &json, const Scope &scope) : Model(scale) {
    check_scale("rcan", scale, {2, 3, 4});
    Config config(json, "rcan");
    groups_ = config.number("groups", 10, 1, 64);
    blocks_ = config.number("blocks", 20, 1, 256);
    const int64_t features = config.number("features", 64, 1, 1024);
    const int64_t reduction =
        config.number("reduction", std::min<int64_t>(16, features), 1, features);
    range_ = config.real("range", 255);
    config.done();
    sub_mean_ = MeanShift(scope("sub_mean"), mean_colour(-range_));
    add_mean_ = MeanShift(scope("add_mean"), mean_colour(range_));
    head_ = Conv(scope("head", 0), 3, features, 3);
    for (int64_t g = 0; g < groups_; ++g) {
      const Scope names = scope("body", g);
      Body group;
      for (int64_t b = 0; b < blocks_; ++b) {
        const Scope block = names("body", b)("body");
        group.blocks.push_back(
            Block{Conv(block(0), features, features, 3), Conv(block(2), features, features, 3),
                  Conv(block(3)("conv_du", 0), features, features / reduction, 1),
                  Conv(block(3)("conv_du", 2), features / reduction, features, 1)});
      }
      group.end = Conv(names("body", blocks_), features, features, 3);
      body_.blocks.push_back(std::move(group));
    }
    body_.end = Conv(scope("body", groups_), features, features, 3);
    enlarge_ = SubPixel(scope("tail", 0), features, scale);
    tail_ = Conv(scope("tail", 1), features, 3, 3);
  }

  // Apart from the attention.
  int receptive_field() const override {
    // Head, two convolutions a block and one a group, the body's last, the enlarging ones, the
    // tail.
    return static_cast<int>(1 + groups_ * (2 * blocks_ + 1) + 1 + 2);
  }

  Tensor upscale(const Tensor &x_lr, const Latents &) const override {
    return add_mean_(tail_(enlarge_(body_(head_(sub_mean_(x_lr * range_)))))) / range_;
  }

 private:
  int64_t groups_, blocks_;  // blocks of each group
  double range_;
  MeanShift sub_mean_, add_mean_;
  Conv head_;
  Body body_;  // of groups, each a body of blocks
  SubPixel enlarge_;
  Conv tail_;
};

}  // namespace

std::unique_ptr<Model> make_rcan(int scale, const Json &config, const Scope &scope) {
  return std::make_unique<Rcan>(scale, config, scope);
}

}  // namespace hcd::models
