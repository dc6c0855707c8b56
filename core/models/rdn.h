// SPDX-License-Identifier: BSD-2-Clause
// RDN. Zhang, Tian, Kong, Zhong, Fu, "Residual Dense Network for Image Super-Resolution", CVPR
// 2018, in the form of its PyTorch port (EDSR-PyTorch repository).
#pragma once

#include <vector>

#include "models/config.h"
#include "models/model.h"

namespace hcd::models {

// Published: D = 16 blocks of C = 8 layers, growth G = 64, G0 = 64 ("B", 22.3 million parameters at
// x4; "A": 20, 6, 32); x2, x3, x4. The network works on values of [0, 255].
// Configuration: blocks (D), layers (C), growth (G), features (G0), range (255).
// Deviation: none from the port. The authors' own weights are Torch7 files without names; they
// cannot be loaded.
class Rdn : public Model {
 public:
  Rdn(int scale, const nlohmann::json &config, Params &params);

  int scale() const override { return scale_; }
  int receptive_field() const override;
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;

 private:
  // Residual dense block (figure 3): every layer sees all before it; fused by 1x1, plus the input.
  struct Block {
    std::vector<Conv> layers;
    Conv fusion;
    Tensor operator()(const Tensor &x) const;
  };

  int scale_;
  double range_;
  Conv shallow1_, shallow2_;
  std::vector<Block> blocks_;
  Conv global_fusion1_, global_fusion2_;
  SubPixel enlarge_;
  Conv last_;
};

}  // namespace hcd::models
