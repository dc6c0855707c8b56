// SPDX-License-Identifier: BSD-2-Clause
#include "models/tad.h"

#include <algorithm>

namespace hcd::models {

Tensor Tad::Block::operator()(const Tensor &x) const { return second(at::relu(first(x))) + x; }

Tad::Body::Body(const Scope &scope, int64_t count, int64_t features) {
  for (int64_t i = 0; i < count; ++i) {
    blocks.push_back({Conv(scope(i)("conv1"), features, features, 3),
                      Conv(scope(i)("conv2"), features, features, 3)});
  }
  end = Conv(scope("end"), features, features, 3);
}

Tensor Tad::Body::operator()(const Tensor &x) const {
  Tensor y = x;
  for (const Block &block : blocks) y = block(y);
  return end(y) + x;
}

Tad::Tad(int scale, const nlohmann::json &json, Params &params) : scale_(scale) {
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
  const Scope g = Scope(params)("tad"), f = Scope(params)("tau");
  stem1_ = Conv(g("stem1"), 3, stem[0], 3);
  stem2_ = Conv(g("stem2"), stem[0], stem[1], 3);
  down_body_ = Body(g("body"), blocks, features);
  down_last_ = Conv(g("last"), features, 3, 3);
  up_head_ = Conv(f("head"), 3, features, 3);
  up_body_ = Body(f("body"), blocks, features);
  enlarge_ = SubPixel(f("upsample"), features, 2);
  up_last_ = Conv(f("last"), features, 3, 3);
}

int Tad::receptive_field() const {
  const auto body = static_cast<int>(2 * up_body_.blocks.size() + 1);
  // f: head, body, enlarging, last. g: body, last; its two convolutions at HR size reach one LR
  // pixel. The second turn of x4 reaches half as far, g's stem a pixel less exactly.
  const int f = 1 + body + 2, g = body + 1 + 1;
  if (scale_ == 2) return std::max(f, g);
  return std::max(f + (f + 1) / 2, g + (g + 1) / 2);
}

Tensor Tad::halve(const Tensor &y) const {
  const Tensor x = down_last_(down_body_(at::pixel_unshuffle(stem2_(stem1_(y - 0.5)), 2))) + 0.5;
  if (!bicubic_skip_) return x;
  return x - 0.5 + bicubic_resize(y, y.size(2) / 2, y.size(3) / 2);
}

Tensor Tad::twice(const Tensor &x) const {
  return up_last_(enlarge_(up_body_(up_head_(x - 0.5)))) + 0.5;
}

Tensor Tad::upscale(const Tensor &x_lr, const Latents &) const {
  const Tensor x = twice(x_lr);
  return scale_ == 4 ? twice(x) : x;
}

Downscaled Tad::downscale(const Tensor &y_hr) const {
  const Tensor x = halve(y_hr);
  return {scale_ == 4 ? halve(x) : x, {}};
}

}  // namespace hcd::models
