// SPDX-License-Identifier: BSD-2-Clause
// TAD and TAU. Kim, Choi, Lim, Lee, "Task-Aware Image Downscaling", ECCV 2018: an auto-encoder
// whose code is the small picture.
#pragma once

#include <vector>

#include "models/config.h"
#include "models/model.h"

namespace hcd::models {

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
  Tad(int scale, const nlohmann::json &config, Params &params);

  int scale() const override { return scale_; }
  int receptive_field() const override;
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;
  bool has_downscale() const override { return true; }
  Downscaled downscale(const Tensor &y_hr) const override;

 private:
  // conv - ReLU - conv, plus the input.
  struct Block {
    Conv first, second;
    Tensor operator()(const Tensor &x) const;
  };
  // Blocks and a convolution, plus the input.
  struct Body {
    std::vector<Block> blocks;
    Conv end;
    Body() = default;
    Body(const Scope &scope, int64_t blocks, int64_t features);
    Tensor operator()(const Tensor &x) const;
  };

  Tensor halve(const Tensor &y) const;
  Tensor twice(const Tensor &x) const;

  int scale_;
  bool bicubic_skip_;
  Conv stem1_, stem2_;
  Body down_body_;
  Conv down_last_;
  Conv up_head_;
  Body up_body_;
  SubPixel enlarge_;
  Conv up_last_;
};

}  // namespace hcd::models
