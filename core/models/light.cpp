// SPDX-License-Identifier: BSD-2-Clause
// The light networks of this project on LibTorch, to train them and to compare with: what
// client/light/light_network.h runs without it, made from the same description.
#include <cmath>
#include <nlohmann/json.hpp>

#include "client/light/spec.h"
#include "image/kernel.h"
#include "models/registry.h"

namespace hcd::models {
namespace {

// lite, base. Configuration: see client/light/spec.h; parameters "<i>.weight", "<i>.bias". Starts
// as its skip, nearly: He's normal values, the last layer a hundredth of them.
class Light : public Model {
 public:
  Light(client::NetSpec spec, const Scope &scope) : Model(spec.scale), spec_(std::move(spec)) {
    constexpr double kLastLayer = 0.01;
    for (const client::ConvSpec &layer : spec_.layers) {
      const auto index = static_cast<int64_t>(convs_.size());
      const Conv &conv = convs_.emplace_back(scope(index), layer.in, layer.out, layer.kernel);
      if (!scope.params().initialise()) continue;
      // He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015, equation 15.
      const double inputs = static_cast<double>(layer.in) * layer.kernel * layer.kernel;
      const double slope = static_cast<double>(layer.slope);
      const bool last = convs_.size() == spec_.layers.size();
      conv.weight.normal_(0,
                          (last ? kLastLayer : 1) * std::sqrt(2 / (inputs * (1 + slope * slope))));
      conv.bias.zero_();
    }
  }

  int channels() const override { return 1; }
  int receptive_field() const override { return spec_.receptive_field(); }

  Tensor upscale(const Tensor &x_lr, const Latents &) const override {
    Tensor x = x_lr;
    for (size_t i = 0; i < convs_.size(); ++i) {
      const auto slope = static_cast<double>(spec_.layers[i].slope);
      x = convs_[i](x);
      if (slope < 1) x = slope > 0 ? at::leaky_relu(x, slope) : at::relu(x);
    }
    return at::pixel_shuffle(x, scale_) + linear_resize(x_lr, *image::find_kernel(spec_.skip),
                                                        x_lr.size(2) * scale_,
                                                        x_lr.size(3) * scale_);
  }

 private:
  client::NetSpec spec_;
  std::vector<Conv> convs_;
};

}  // namespace

std::unique_ptr<Model> make_lite(int scale, const Json &config, const Scope &scope) {
  return std::make_unique<Light>(client::parse_spec("lite", scale, config.dump()), scope);
}

std::unique_ptr<Model> make_base(int scale, const Json &config, const Scope &scope) {
  return std::make_unique<Light>(client::parse_spec("base", scale, config.dump()), scope);
}

}  // namespace hcd::models
