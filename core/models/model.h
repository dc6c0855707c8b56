// SPDX-License-Identifier: BSD-2-Clause
// A pair of networks: g makes pictures small, f enlarges them.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "models/nn.h"

namespace hcd::models {

// One latent of f: standard normal of shape [N, channels, scale h, scale w] beside an LR picture of
// [N, C, h, w].
struct LatentShape {
  int64_t channels = 0, scale = 1;
};
using Latents = std::vector<Tensor>;

// What g makes. x_lr is neither clamped nor rounded unless the model's own g does so.
struct Downscaled {
  Tensor x_lr;
  Latents z;  // what f would need to restore the picture exactly; empty for models without latents
};

// Both functions are pure, differentiable and keep no state between calls. Pictures are
// [N, channels, height, width] in [0, 1], on the dtype and device of the parameters; gradients flow
// to arguments that require them. Any size from 1x1 on works: a model that needs multiples extends
// the right and the bottom by repeating the last column and row, and crops its result.
class Model {
 public:
  explicit Model(int scale) : scale_(scale) {}
  virtual ~Model() = default;

  // The factor of enlarging.
  int scale() const { return scale_; }
  // Of its pictures: 3 (R'G'B') or 1 (BT.601 luma, 16 to 235 of 255).
  virtual int channels() const { return 3; }
  virtual std::vector<LatentShape> latents() const { return {}; }
  // LR pixels on each side that a result depends on, of f and of g. Where the network pools or
  // attends over the whole picture: how far it looks apart from that.
  virtual int receptive_field() const = 0;
  // Results of a crop are those of the whole picture (but for the receptive field at its borders)
  // where the crop begins at a multiple of this many LR pixels.
  virtual int alignment() const { return 1; }

  // f: [N, C, h, w] to [N, C, h scale, w scale]. `z`: one tensor per latents().
  virtual Tensor upscale(const Tensor &x_lr, const Latents &z) const = 0;

  // Whether the model brings its own g; else g is bicubic_resize().
  virtual bool has_downscale() const { return false; }
  // g: [N, C, h scale, w scale] to [N, C, h, w].
  virtual Downscaled downscale(const Tensor &y_hr) const;

 protected:
  const int scale_;
};

// Throws HCD_E_OPTION unless `scale` is one of those that the network was published for.
void check_scale(const char *model, int scale, std::initializer_list<int> published);

// f(x_lr) with z = 0.
Latents zero_latents(const Model &model, const Tensor &x_lr);

}  // namespace hcd::models
