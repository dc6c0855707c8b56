// SPDX-License-Identifier: BSD-2-Clause
// EDSR. Lim, Son, Kim, Nah, Lee, "Enhanced Deep Residual Networks for Single Image
// Super-Resolution", CVPR Workshops 2017.
#include "models/config.h"
#include "models/registry.h"

namespace hcd::models {
namespace {

// Published: 32 blocks, 256 features, residual scale 0.1; x2, x3, x4. The network works on values
// of [0, 255]. Configuration: blocks, features, residual_scale, range (255; CAR's upscaler: 1).
class Edsr : public Model {
 public:
  Edsr(int scale, const Json &json, const Scope &scope) : Model(scale) {
    check_scale("edsr", scale, {2, 3, 4});
    Config config(json, "edsr");
    const int64_t blocks = config.number("blocks", 32, 1, 256);
    const int64_t features = config.number("features", 256, 1, 1024);
    const double residual_scale = config.real("residual_scale", 0.1);
    range_ = config.real("range", 255);
    config.done();
    sub_mean_ = MeanShift(scope("sub_mean"), mean_colour(-range_));
    add_mean_ = MeanShift(scope("add_mean"), mean_colour(range_));
    head_ = Conv(scope("head", 0), 3, features, 3);
    for (int64_t i = 0; i < blocks; ++i) {
      const Scope block = scope("body", i)("body");
      body_.blocks.push_back(ResidualBlock{Conv(block(0), features, features, 3),
                                           Conv(block(2), features, features, 3), residual_scale});
    }
    body_.end = Conv(scope("body", blocks), features, features, 3);
    enlarge_ = SubPixel(scope("tail", 0), features, scale);
    tail_ = Conv(scope("tail", 1), features, 3, 3);
  }

  int receptive_field() const override {
    // Head, two convolutions a block, the body's last, the enlarging ones and the tail.
    return static_cast<int>(1 + 2 * body_.blocks.size() + 1 + 2);
  }

  Tensor upscale(const Tensor &x_lr, const Latents &) const override {
    return add_mean_(tail_(enlarge_(body_(head_(sub_mean_(x_lr * range_)))))) / range_;
  }

 private:
  double range_;
  MeanShift sub_mean_, add_mean_;
  Conv head_;
  Body body_;
  SubPixel enlarge_;
  Conv tail_;
};

}  // namespace

std::unique_ptr<Model> make_edsr(int scale, const Json &config, const Scope &scope) {
  return std::make_unique<Edsr>(scale, config, scope);
}

}  // namespace hcd::models
