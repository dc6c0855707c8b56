// SPDX-License-Identifier: BSD-2-Clause
// SwinIR. Liang, Cao, Sun, Zhang, Van Gool, Timofte, "SwinIR: Image Restoration Using Swin
// Transformer", ICCV Workshops 2021.
#pragma once

#include <vector>

#include "models/config.h"
#include "models/model.h"

namespace hcd::models {

// Published, classical: 6 groups of 6 layers, 180 channels, 6 heads, window 8, MLP of twice the
// width, 64 channels where enlarging (11.9 million parameters at x4). "light": 4 groups, 60
// channels, enlarged by one pixel shuffle (0.93 million). x2, x3, x4. Values of [0, 1]; the network
// takes the mean colour off and adds it again.
// Configuration: light (false), depths (layers of each group), heads (of each group), features,
// window, mlp_ratio, upsample_features.
// Pictures in tiles equal whole ones where tiles begin at multiples of the window.
// Deviations: odd layers always shift (the authors' do where the training patch is larger than the
// window, which it is in all they published); pictures too small to be mirrored to a window are
// extended by their last row and column first; no stochastic depth in training.
class Swinir : public Model {
 public:
  Swinir(int scale, const nlohmann::json &config, Params &params);

  int scale() const override { return scale_; }
  int receptive_field() const override;
  int alignment() const override { return static_cast<int>(window_); }
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;

 private:
  struct LayerNorm {
    Tensor weight, bias;
    LayerNorm() = default;
    LayerNorm(const Scope &scope, int64_t features);
    Tensor operator()(const Tensor &x) const;  // along the last dimension
  };

  // Multi-head self-attention within windows: [windows, pixels, features] to the same. `mask`:
  // [windows of a picture, pixels, pixels], added before the softmax, or undefined.
  struct Attention {
    int64_t window, heads;
    Tensor bias_table;  // [(2 window - 1)^2, heads], by distance
    Linear qkv, proj;
    Attention(const Scope &scope, int64_t features, int64_t heads, int64_t window);
    Tensor operator()(const Tensor &x, const Tensor &mask) const;

   private:
    Tensor position_bias() const;  // [heads, pixels, pixels]
  };

  // Swin transformer layer (figure 2b): attention, then MLP, each of normalised values, each plus
  // its input. [N, height, width, features] to the same; sides are multiples of the window.
  struct Layer {
    int64_t shift;  // 0: windows lie on the grid; else half a window off
    LayerNorm norm1;
    Attention attention;
    LayerNorm norm2;
    Linear fc1, fc2;
    Layer(const Scope &scope, int64_t features, int64_t heads, int64_t window, int64_t mlp_ratio,
          bool shifted);
    Tensor operator()(const Tensor &x, const Tensor &mask) const;
  };

  // Residual Swin transformer block (figure 2a): layers, a convolution, plus the input.
  struct Group {
    std::vector<Layer> layers;
    Conv conv;
    Tensor operator()(const Tensor &x, const Tensor &mask) const;
  };

  Tensor deep_features(const Tensor &shallow) const;
  Tensor enlarge(const Tensor &features) const;

  int scale_;
  bool light_;
  int64_t window_;
  Conv first_;
  LayerNorm embed_norm_;
  std::vector<Group> groups_;
  LayerNorm norm_;
  Conv after_body_;
  Conv before_upsample_;  // classical only
  SubPixel upsample_;     // classical only
  Conv last_;             // light: to all pixels of a shuffle
};

}  // namespace hcd::models
