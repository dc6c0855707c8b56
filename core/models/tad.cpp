// SPDX-License-Identifier: BSD-2-Clause
// TAD and TAU. Kim, Choi, Lim, Lee, "Task-Aware Image Downscaling", ECCV 2018: an auto-encoder
// whose code is the small picture.
#include <algorithm>

#include "models/config.h"
#include "models/registry.h"

namespace hcd::models {
namespace {

Body make_body(const Scope &scope, int64_t count, int64_t features) {
  Body body;
  for (int64_t i = 0; i < count; ++i) {
    body.blocks.push_back(ResidualBlock{Conv(scope(i)("conv1"), features, features, 3),
                                        Conv(scope(i)("conv2"), features, features, 3)});
  }
  body.end = Conv(scope("end"), features, features, 3);
  return body;
}

// g (TAD): two convolutions at HR size, space to depth, residual blocks inside a skip, a
// convolution to three channels. f (TAU): the mirror image with a pixel shuffle. x2; x4 by
// applying each twice with the same weights, as in the paper.
// The paper's section on the implementation could not be read, and the authors published neither
// code nor weights: sizes are those of a re-implementation that follows the paper, names are this
// project's own, and there are no vectors to compare with. Values are in [-0.5, 0.5] inside.
// Configuration: blocks (3), features (64), stem (8, 16: channels before space to depth),
// bicubic_skip (false; whether g adds the bicubically downscaled picture, as another
// re-implementation has it: training then starts from the guidance picture).
class Tad : public Model {
 public:
  Tad(int scale, const Json &json, const Scope &scope) : Model(scale) {
    check_scale("tad", scale, {2, 4});
    Config config(json, "tad");
    const int64_t blocks = config.number("blocks", 3, 1, 64);
    const int64_t features = config.number("features", 64, 1, 1024);
    const auto stem = config.numbers("stem", {8, 16});
    bicubic_skip_ = config.flag("bicubic_skip", false);
    config.done();
    HCD_CHECK(stem.size() == 2 && 4 * stem[1] == features && stem[0] > 0, HCD_E_FILE,
              "configuration of tad: stem: expected two numbers, the second a quarter of the %lld "
              "features, found %zu, the last %lld",
              static_cast<long long>(features), stem.size(), static_cast<long long>(stem.back()));
    const Scope g = scope("tad"), f = scope("tau");
    stem1_ = Conv(g("stem1"), 3, stem[0], 3);
    stem2_ = Conv(g("stem2"), stem[0], stem[1], 3);
    down_body_ = make_body(g("body"), blocks, features);
    down_last_ = Conv(g("last"), features, 3, 3);
    up_head_ = Conv(f("head"), 3, features, 3);
    up_body_ = make_body(f("body"), blocks, features);
    enlarge_ = SubPixel(f("upsample"), features, 2);
    up_last_ = Conv(f("last"), features, 3, 3);
  }

  int receptive_field() const override {
    const auto body = static_cast<int>(2 * up_body_.blocks.size() + 1);
    // f: head, body, enlarging, last. g: body, last; its two convolutions at HR size reach one LR
    // pixel. The second turn of x4 reaches half as far, g's stem a pixel less exactly.
    const int f = 1 + body + 2, g = body + 1 + 1;
    if (scale_ == 2) return std::max(f, g);
    return std::max(f + (f + 1) / 2, g + (g + 1) / 2);
  }

  Tensor upscale(const Tensor &x_lr, const Latents &) const override {
    const Tensor x = twice(x_lr);
    return scale_ == 4 ? twice(x) : x;
  }

  bool has_downscale() const override { return true; }

  Downscaled downscale(const Tensor &y_hr) const override {
    const Tensor x = halve(y_hr);
    return {scale_ == 4 ? halve(x) : x, {}};
  }

 private:
  Tensor halve(const Tensor &y) const {
    const Tensor x = down_last_(down_body_(at::pixel_unshuffle(stem2_(stem1_(y - 0.5)), 2))) + 0.5;
    if (!bicubic_skip_) return x;
    return x - 0.5 + bicubic_resize(y, y.size(2) / 2, y.size(3) / 2);
  }

  Tensor twice(const Tensor &x) const {
    return up_last_(enlarge_(up_body_(up_head_(x - 0.5)))) + 0.5;
  }

  bool bicubic_skip_;
  Conv stem1_, stem2_;
  Body down_body_;
  Conv down_last_;
  Conv up_head_;
  Body up_body_;
  SubPixel enlarge_;
  Conv up_last_;
};

}  // namespace

std::unique_ptr<Model> make_tad(int scale, const Json &config, const Scope &scope) {
  return std::make_unique<Tad>(scale, config, scope);
}

}  // namespace hcd::models
