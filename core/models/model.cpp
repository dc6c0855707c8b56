// SPDX-License-Identifier: BSD-2-Clause
#include "models/model.h"

#include <algorithm>

#include "base/error.h"

namespace hcd::models {

Downscaled Model::downscale(const Tensor &y_hr) const {
  return {bicubic_resize(y_hr, y_hr.size(2) / scale(), y_hr.size(3) / scale()), {}};
}

void check_scale(const char *model, int scale, std::initializer_list<int> published) {
  std::string known;
  for (const int each : published) known += (known.empty() ? "" : ", ") + std::to_string(each);
  HCD_CHECK(std::find(published.begin(), published.end(), scale) != published.end(), HCD_E_OPTION,
            "scale: expected one of %s for %s, found %d", known.c_str(), model, scale);
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
