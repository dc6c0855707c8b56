// SPDX-License-Identifier: BSD-2-Clause
#include "models/model.h"

namespace hcd::models {

Downscaled Model::downscale(const Tensor &y_hr) const {
  return {bicubic_resize(y_hr, y_hr.size(2) / scale(), y_hr.size(3) / scale()), {}};
}

Latents zero_latents(const Model &model, const Tensor &x_lr) {
  Latents z;
  for (const LatentShape &shape : model.latents()) {
    z.push_back(at::zeros(
        {x_lr.size(0), shape.channels, x_lr.size(2) * shape.scale, x_lr.size(3) * shape.scale},
        x_lr.options()));
  }
  return z;
}

}  // namespace hcd::models
