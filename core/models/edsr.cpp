// SPDX-License-Identifier: BSD-2-Clause
#include "models/edsr.h"

namespace hcd::models {
Tensor Edsr::Block::operator()(const Tensor &x) const {
  return second(at::relu(first(x))).mul(scale).add(x);
}

Edsr::Edsr(int scale, const nlohmann::json &json, Params &params)
    : Edsr(scale, json, Scope(params)) {}

Edsr::Edsr(int scale, const nlohmann::json &json, const Scope &scope) : scale_(scale) {
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
    body_.push_back({Conv(block(0), features, features, 3), Conv(block(2), features, features, 3),
                     residual_scale});
  }
  body_end_ = Conv(scope("body", blocks), features, features, 3);
  enlarge_ = SubPixel(scope("tail", 0), features, scale);
  tail_ = Conv(scope("tail", 1), features, 3, 3);
}

int Edsr::receptive_field() const {
  // Head, two convolutions a block, the body's last, the enlarging ones and the tail.
  return static_cast<int>(1 + 2 * body_.size() + 1 + 2);
}

Tensor Edsr::upscale(const Tensor &x_lr, const Latents &) const {
  const Tensor head = head_(sub_mean_(x_lr * range_));
  Tensor x = head;
  for (const Block &block : body_) x = block(x);
  x = body_end_(x) + head;
  return add_mean_(tail_(enlarge_(x))) / range_;
}

}  // namespace hcd::models
