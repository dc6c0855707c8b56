// SPDX-License-Identifier: BSD-2-Clause
#include "models/rcan.h"

#include <algorithm>

namespace hcd::models {

Tensor Rcan::Block::attention(const Tensor &x) const {
  return at::sigmoid(excite(at::relu(squeeze(x.mean({2, 3}, true)))));
}

Tensor Rcan::Block::operator()(const Tensor &x) const {
  const Tensor residual = second(at::relu(first(x)));
  return residual * attention(residual) + x;
}

Tensor Rcan::Group::operator()(const Tensor &x) const {
  Tensor y = x;
  for (const Block &block : blocks) y = block(y);
  return end(y) + x;
}

Rcan::Rcan(int scale, const nlohmann::json &json, Params &params) : scale_(scale) {
  check_scale("rcan", scale, {2, 3, 4});
  Config config(json, "rcan");
  const int64_t groups = config.number("groups", 10, 1, 64);
  const int64_t blocks = config.number("blocks", 20, 1, 256);
  const int64_t features = config.number("features", 64, 1, 1024);
  const int64_t reduction =
      config.number("reduction", std::min<int64_t>(16, features), 1, features);
  range_ = config.real("range", 255);
  config.done();
  const Scope scope(params);
  sub_mean_ = MeanShift(scope("sub_mean"), mean_colour(-range_));
  add_mean_ = MeanShift(scope("add_mean"), mean_colour(range_));
  head_ = Conv(scope("head", 0), 3, features, 3);
  for (int64_t g = 0; g < groups; ++g) {
    const Scope names = scope("body", g);
    Group group;
    for (int64_t b = 0; b < blocks; ++b) {
      const Scope block = names("body", b)("body");
      group.blocks.push_back({Conv(block(0), features, features, 3),
                              Conv(block(2), features, features, 3),
                              Conv(block(3)("conv_du", 0), features, features / reduction, 1),
                              Conv(block(3)("conv_du", 2), features / reduction, features, 1)});
    }
    group.end = Conv(names("body", blocks), features, features, 3);
    body_.push_back(std::move(group));
  }
  body_end_ = Conv(scope("body", groups), features, features, 3);
  enlarge_ = SubPixel(scope("tail", 0), features, scale);
  tail_ = Conv(scope("tail", 1), features, 3, 3);
}

int Rcan::receptive_field() const {
  // Head, two convolutions a block and one a group, the body's last, the enlarging ones, the tail.
  return static_cast<int>(1 + body_.size() * (2 * body_[0].blocks.size() + 1) + 1 + 2);
}

Tensor Rcan::upscale(const Tensor &x_lr, const Latents &) const {
  const Tensor head = head_(sub_mean_(x_lr * range_));
  Tensor x = head;
  for (const Group &group : body_) x = group(x);
  x = body_end_(x) + head;
  return add_mean_(tail_(enlarge_(x))) / range_;
}

}  // namespace hcd::models
