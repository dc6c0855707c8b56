// SPDX-License-Identifier: BSD-2-Clause
#include "models/light.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "image/kernel.h"

namespace hcd::models {

Light::Light(const std::string &kind, int scale, const nlohmann::json &config, Params &params)
    : spec_(client::parse_spec(kind, scale, config.dump())) {
  constexpr double kLastLayer = 0.01;
  for (const client::ConvSpec &layer : spec_.layers) {
    const auto index = static_cast<int64_t>(convs_.size());
    const Conv &conv = convs_.emplace_back(Scope(params)(index), layer.in, layer.out, layer.kernel);
    if (!params.initialise()) continue;
    // He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015, equation 15.
    const double inputs = static_cast<double>(layer.in) * layer.kernel * layer.kernel;
    const double slope = static_cast<double>(layer.slope);
    const bool last = convs_.size() == spec_.layers.size();
    conv.weight.normal_(0, (last ? kLastLayer : 1) * std::sqrt(2 / (inputs * (1 + slope * slope))));
    conv.bias.zero_();
  }
}

Tensor Light::upscale(const Tensor &x_lr, const Latents &) const {
  Tensor x = x_lr;
  for (size_t i = 0; i < convs_.size(); ++i) {
    const auto slope = static_cast<double>(spec_.layers[i].slope);
    x = convs_[i](x);
    if (slope < 1) x = slope > 0 ? at::leaky_relu(x, slope) : at::relu(x);
  }
  return at::pixel_shuffle(x, spec_.scale) + linear_resize(x_lr, *image::find_kernel(spec_.skip),
                                                           x_lr.size(2) * spec_.scale,
                                                           x_lr.size(3) * spec_.scale);
}

}  // namespace hcd::models
