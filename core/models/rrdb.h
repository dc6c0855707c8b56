// SPDX-License-Identifier: BSD-2-Clause
// RRDB. Wang, Yu, Wu, Gu, Liu, Dong, Qiao, Loy, "ESRGAN: Enhanced Super-Resolution Generative
// Adversarial Networks", ECCV Workshops 2018: its generator.
#pragma once

#include <vector>

#include "models/config.h"
#include "models/dense_block.h"
#include "models/model.h"

namespace hcd::models {

// Published: 23 blocks, 64 features, growth 32 (16.7 million parameters); x4 only. Values of [0,
// 1], no mean shift. Configuration: blocks, features, growth. Names are those of the authors'
// repository (conv_first, RRDB_trunk, ...); files of later toolboxes call the same tensors
// otherwise. RRDB_PSNR_x4, trained by pixel loss, is the one to compare with.
class Rrdb : public Model {
 public:
  Rrdb(int scale, const nlohmann::json &config, Params &params);

  int scale() const override { return 4; }
  int receptive_field() const override;
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;

 private:
  Conv first_;
  std::vector<RrdbBlock> trunk_;
  Conv trunk_end_, up1_, up2_, hr_, last_;
};

}  // namespace hcd::models
