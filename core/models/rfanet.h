// SPDX-License-Identifier: BSD-2-Clause
// RFANet. Liu, Zhang, Tang, Tang, Wu, "Residual Feature Aggregation Network for Image
// Super-Resolution", CVPR 2020.
#pragma once

#include <array>
#include <vector>

#include "models/config.h"
#include "models/model.h"

namespace hcd::models {

// Enhanced spatial attention (figure 5): features of a quarter of the channels, made small and
// large again, say how much of each value passes. Needs 15 x 15 pixels.
struct Esa {
  static constexpr int64_t kLeast = 15;  // stride 2 of 3x3, then pooling of 7x7: 3 + 2 * 6
  Conv conv1, conv_f, conv2, conv_max, conv3, conv3_, conv4;

  Esa() = default;
  Esa(const Scope &scope, int64_t features, int64_t width);
  // x, weighted by the attention that `guide` asks for; both [N, features, h, w].
  Tensor operator()(const Tensor &x, const Tensor &guide) const;
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
  Rfanet(int scale, const nlohmann::json &config, Params &params);

  int scale() const override { return scale_; }
  int receptive_field() const override;  // apart from the attention
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;

 private:
  // conv - ReLU - conv - attention; the module adds the input.
  struct Block {
    Conv conv1, conv2;
    Esa esa;
    Tensor operator()(const Tensor &x) const;
  };
  // Residual feature aggregation (figure 3): what all four residual blocks found, fused by 1x1.
  struct Module {
    std::array<Block, 4> blocks;
    Conv fuse;
    Tensor operator()(const Tensor &x) const;
  };

  int scale_;
  Conv head_;
  std::vector<Module> body_;
  Conv body_end_;
  SubPixel enlarge_;
  Conv tail_;
};

}  // namespace hcd::models
