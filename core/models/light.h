// SPDX-License-Identifier: BSD-2-Clause
// The light networks of this project on LibTorch, to train them and to compare with: what
// client/light/light_network.h runs without it, made from the same description.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "client/light/spec.h"
#include "models/model.h"

namespace hcd::models {

// lite, base. Configuration: see client/light/spec.h; parameters "<i>.weight", "<i>.bias". Starts
// as its skip, nearly: He's normal values, the last layer a hundredth of them.
class Light : public Model {
 public:
  Light(const std::string &kind, int scale, const nlohmann::json &config, Params &params);

  int scale() const override { return spec_.scale; }
  int channels() const override { return 1; }
  int receptive_field() const override { return spec_.receptive_field(); }
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;

 private:
  client::NetSpec spec_;
  std::vector<Conv> convs_;
};

}  // namespace hcd::models
