// SPDX-License-Identifier: BSD-2-Clause
// CAR. Sun, Chen, "Learned Image Downscaling for Upscaling using Content Adaptive Resampler", IEEE
// TIP 29, 2020: a network that predicts, for every small pixel, where to sample the large picture
// and how to weigh the samples; enlarged by EDSR.
#pragma once

#include <memory>
#include <vector>

#include "models/car_resample.h"
#include "models/registry.h"

namespace hcd::models {

// The downscaling network (figure 2): pictures [N, 3, H, W], sides multiples of 8 and at least 16,
// to the kernels and offsets of every LR pixel. Every convolution but those of the space-to-depth
// stages reflects its input at the borders.
class Dsn {
 public:
  Dsn() = default;
  // `widths`: channels at full size, at 1/2 and 1/4, and at 1/8 and beyond.
  Dsn(const Scope &scope, int scale, const std::vector<int64_t> &widths);
  Taps operator()(const Tensor &y_hr) const;

 private:
  MeanShift sub_mean_;
  Layer stem_;
  Conv half_, quarter_, eighth_;
  std::vector<Layer> blocks_;
  Layer kernels_trunk_, offsets_trunk_;
  Layer kernels_, offsets_h_, offsets_v_;
};

// Published: x2, x4; kernels of 3 scale + 1, offsets of up to scale HR pixels; widths 64, 128, 256;
// EDSR of 32 blocks and 256 features on values of [0, 1]. 51.4 (x2) and 53.0 million parameters.
// The two files of the authors, kgn (network) and usn (EDSR), are one here: kgn.*, usn.*.
// Configuration: widths, and blocks, features of EDSR.
// Tiles of the large picture equal the whole where they begin at multiples of 8 HR pixels.
// Deviation: sides that are no multiple of 8, or below 16, are extended by the last row and column
// (the authors' test crops).
class Car : public Model {
 public:
  Car(int scale, const Json &config, const Scope &scope);

  int receptive_field() const override;
  int alignment() const override { return 8 / scale(); }
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;
  bool has_downscale() const override { return true; }
  Downscaled downscale(const Tensor &y_hr) const override { return downscale(y_hr, nullptr); }
  // `taps`, where given, receives what was sampled, for the regularisers of a training.
  Downscaled downscale(const Tensor &y_hr, Taps *taps) const;

 private:
  Dsn dsn_;
  std::unique_ptr<Model> edsr_;
};

}  // namespace hcd::models
