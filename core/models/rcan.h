// SPDX-License-Identifier: BSD-2-Clause
// RCAN. Zhang, Li, Li, Wang, Zhong, Fu, "Image Super-Resolution Using Very Deep Residual Channel
// Attention Networks", ECCV 2018.
#pragma once

#include <vector>

#include "models/config.h"
#include "models/model.h"

namespace hcd::models {

// Published: 10 groups of 20 blocks, 64 features, reduction 16 (15.6 million parameters at x4); x2,
// x3, x4. The network works on values of [0, 255].
// Configuration: groups, blocks (of a group), features, reduction, range (255).
// Channel attention averages over the whole picture: a picture in tiles gives other results,
// however far the tiles overlap.
// Deviation: the colour means, trainable by oversight in the authors' code, are fixed here.
class Rcan : public Model {
 public:
  Rcan(int scale, const nlohmann::json &config, Params &params);

  int scale() const override { return scale_; }
  int receptive_field() const override;  // apart from the attention
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;

 private:
  // Residual channel attention block (figure 4): conv - ReLU - conv, each channel times a weight
  // that its mean over the picture decides, plus the input.
  struct Block {
    Conv first, second, squeeze, excite;
    Tensor attention(const Tensor &x) const;
    Tensor operator()(const Tensor &x) const;
  };
  // Residual group: blocks, a convolution, plus the input.
  struct Group {
    std::vector<Block> blocks;
    Conv end;
    Tensor operator()(const Tensor &x) const;
  };

  int scale_;
  double range_;
  MeanShift sub_mean_, add_mean_;
  Conv head_;
  std::vector<Group> body_;
  Conv body_end_;
  SubPixel enlarge_;
  Conv tail_;
};

}  // namespace hcd::models
