// SPDX-License-Identifier: BSD-2-Clause
// HCFlow for rescaling. Liang, Lugmayr, Zhang, Danelljan, Van Gool, Timofte, "Hierarchical
// Conditional Flow: A Unified Framework for Image Super-Resolution and Image Rescaling", ICCV 2021.
#pragma once

#include <memory>

#include "models/registry.h"

namespace hcd::models {

// Published: x4. Two levels, each a Haar step and 8 flow steps; what leaves a level becomes a
// latent by a conditional flow of 6 steps, which sees features of the LR picture (level 1), and of
// these and the other half of the level's channels (level 0). Latents: 6 channels at half size, 21
// at LR size. downscale() clamps x_lr to [0, 1], upscale() its picture; z is that of the unclamped
// x_lr. Configuration: steps, conditional_steps (per level), growth (of the main flow's dense
// blocks), hidden (channels of the conditional flows' subnets), rrdb_blocks (two numbers),
// rrdb_growth, features.
class Hcflow : public Model {
 public:
  Hcflow(int scale, const Json &config, const Scope &scope);
  ~Hcflow() override;

  int receptive_field() const override;
  std::vector<LatentShape> latents() const override { return {{6, 2}, {21, 1}}; }
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;
  bool has_downscale() const override { return true; }
  Downscaled downscale(const Tensor &y_hr) const override;

  // The same without clamps: exact inverses of each other. `log_det`, where given, receives
  // log |det d(x_lr, z) / d y_hr| of each picture, [N], for the likelihood.
  Downscaled encode(const Tensor &y_hr, Tensor *log_det = nullptr) const;
  Tensor decode(const Tensor &x_lr, const Latents &z) const;

  // Training may start so (else from identity): sets every activation normalisation, in the order
  // of the encoding, to give these pictures [N, 3, H, W] zero mean and unit variance per channel.
  void fit_normalisations(const Tensor &y_hr);

 private:
  struct Flow;
  std::unique_ptr<Flow> flow_;
};

}  // namespace hcd::models
