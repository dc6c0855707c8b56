// SPDX-License-Identifier: BSD-2-Clause
// EDSR. Lim, Son, Kim, Nah, Lee, "Enhanced Deep Residual Networks for Single Image
// Super-Resolution", CVPR Workshops 2017.
#pragma once

#include <vector>

#include "models/config.h"
#include "models/model.h"

namespace hcd::models {

// Published: 32 blocks, 256 features, residual scale 0.1; x2, x3, x4. The network works on values
// of [0, 255]. Configuration: blocks, features, residual_scale, range (255; CAR's upscaler: 1).
class Edsr : public Model {
 public:
  Edsr(int scale, const nlohmann::json &config, Params &params);
  Edsr(int scale, const nlohmann::json &config, const Scope &scope);

  int scale() const override { return scale_; }
  int receptive_field() const override;
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;

 private:
  // conv - ReLU - conv, times the residual scale, plus the input.
  struct Block {
    Conv first, second;
    double scale;
    Tensor operator()(const Tensor &x) const;
  };

  int scale_;
  double range_ = 255;
  MeanShift sub_mean_, add_mean_;
  Conv head_;
  std::vector<Block> body_;
  Conv body_end_;
  SubPixel enlarge_;
  Conv tail_;
};

}  // namespace hcd::models
