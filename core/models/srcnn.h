// SPDX-License-Identifier: BSD-2-Clause
// SRCNN. Dong, Loy, He, Tang, "Image Super-Resolution Using Deep Convolutional Networks", IEEE
// TPAMI 2016: three convolutions over the bicubically enlarged luma.
#pragma once

#include "models/config.h"
#include "models/model.h"

namespace hcd::models {

// Published: 9-5-5 with 64 and 32 channels, 57,281 parameters. Zero padding keeps the size, where
// the authors' code crops or replicates: results differ within 8 pixels of the border.
// Configuration: middle (kernel of the second convolution, odd; 1 in the ECCV paper).
class Srcnn : public Model {
 public:
  Srcnn(int scale, const nlohmann::json &config, Params &params);

  int scale() const override { return scale_; }
  int channels() const override { return 1; }
  int receptive_field() const override;
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;

  // The network proper, at HR size: [N, 1, H, W] to the same.
  Tensor refine(const Tensor &x_hr) const;

 private:
  int scale_;
  Conv conv1_, conv2_, conv3_;
};

}  // namespace hcd::models
