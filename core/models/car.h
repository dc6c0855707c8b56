// SPDX-License-Identifier: BSD-2-Clause
// CAR. Sun, Chen, "Learned Image Downscaling for Upscaling using Content Adaptive Resampler", IEEE
// TIP 29, 2020: a network that predicts, for every small pixel, where to sample the large picture
// and how to weigh the samples; enlarged by EDSR.
#pragma once

#include <vector>

#include "models/car_resample.h"
#include "models/config.h"
#include "models/edsr.h"
#include "models/model.h"

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
  struct ReflectConv {
    Conv conv;
    ReflectConv() = default;
    ReflectConv(const Scope &scope, int64_t in, int64_t out, int64_t kernel = 3);
    Tensor operator()(const Tensor &x) const;
  };
  // conv - leaky ReLU - conv, plus the input.
  struct Block {
    ReflectConv first, second;
    Tensor operator()(const Tensor &x) const;
  };
  // Three convolutions at 1/8 size, enlarged to LR size, one more.
  struct Trunk {
    std::vector<ReflectConv> convs;
    Conv enlarge;
    int64_t factor = 1;
    ReflectConv last;
    Trunk() = default;
    Trunk(const Scope &scope, int64_t features, int64_t factor);
    Tensor operator()(Tensor x) const;
  };
  // Two convolutions to one value per tap.
  struct Branch {
    ReflectConv first, second;
    Branch() = default;
    Branch(const Scope &scope, int64_t features, int64_t taps);
    Tensor operator()(const Tensor &x) const;
  };

  MeanShift sub_mean_;
  ReflectConv stem_;
  Conv half_, quarter_, eighth_;
  std::vector<Block> blocks_;
  Trunk kernels_trunk_, offsets_trunk_;
  Branch kernels_, offsets_h_, offsets_v_;
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
  Car(int scale, const nlohmann::json &config, Params &params);

  int scale() const override { return edsr_.scale(); }
  int receptive_field() const override;
  int alignment() const override { return 8 / scale(); }
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;
  bool has_downscale() const override { return true; }
  Downscaled downscale(const Tensor &y_hr) const override { return downscale(y_hr, nullptr); }
  // `taps`, where given, receives what was sampled, for the regularisers of a training.
  Downscaled downscale(const Tensor &y_hr, Taps *taps) const;

 private:
  struct Sizes {
    std::vector<int64_t> widths;
    nlohmann::json edsr;  // its configuration
    explicit Sizes(const nlohmann::json &config);
  };
  Car(int scale, const Sizes &sizes, const Scope &scope);

  Dsn dsn_;
  Edsr edsr_;
};

}  // namespace hcd::models
