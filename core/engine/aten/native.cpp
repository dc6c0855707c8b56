// SPDX-License-Identifier: BSD-2-Clause
// A model of core/models as a pair (g, f).
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "client/light/spec.h"
#include "client/weights_label.h"
#include "engine/aten/functions.h"
#include "models/registry.h"
#include "models/weights.h"
#include "weights/builtin.h"

namespace hcd::aten {
namespace {

using client::Draw;
using client::Latent;
using models::Latents;

files::Safetensors open_weights(const client::NetworkRequest &request,
                                const client::NetworkEntry &entry) {
  if (!request.weights.empty()) return files::Safetensors::open(request.weights);
  const int scale = client::default_scale(entry, request.scale);
  const std::span<const uint8_t> bytes = weights::find(entry.name, scale);
  if (bytes.empty()) client::fail_without_weights(entry, scale);
  return files::Safetensors::parse(bytes, format_text("built-in %s x%d", entry.name, scale));
}

// A standard normal latent at absolute positions.
at::Tensor draw_latent(const models::LatentShape &shape, int64_t height, int64_t width,
                       const Draw &draw, uint64_t stream) {
  at::Tensor z =
      at::empty({1, shape.channels, height * shape.scale, width * shape.scale}, at::kFloat);
  auto values = z.accessor<float, 4>();
  const int64_t first_y = draw.y * shape.scale, first_x = draw.x * shape.scale;
  for (int64_t c = 0; c < values.size(1); ++c) {
    const Random random(mix(draw.key ^ mix(stream * 4096 + static_cast<uint64_t>(c))));
    for (int64_t y = 0; y < values.size(2); ++y) {
      const uint64_t row = static_cast<uint64_t>(first_y + y) << 32;
      for (int64_t x = 0; x < values.size(3); ++x) {
        values[0][c][y][x] =
            static_cast<float>(random.normal(row + static_cast<uint64_t>(first_x + x)));
      }
    }
  }
  return z;
}

Latent decide_latent(const client::NetworkRequest &request, const client::NetworkEntry &entry,
                     const client::WeightsLabel &label) {
  if (request.latent != Latent::kDefault) return request.latent;
  if (label.latent == "zero") return Latent::kZero;
  return label.latent == "sample" ? Latent::kSample : entry.latent;
}

class ModelFunctions : public Functions {
 public:
  ModelFunctions(const client::NetworkRequest &request, const client::NetworkEntry &entry,
                 const files::Safetensors &file, at::Device device)
      : Functions(device, "weights '" + file.name() + "'"), params_(at::kFloat, device) {
    const client::WeightsLabel label = client::read_label(file);
    client::check_kind(entry, file, label);
    const int scale = client::decide_scale(request, entry, file, label);
    const auto config = nlohmann::json::parse(label.config, nullptr, /*allow_exceptions=*/false);
    HCD_CHECK(config.is_object(), HCD_E_FILE,
              "%s: metadata hcd.config: expected a JSON object, found '%s'", title_.c_str(),
              label.config.c_str());
    params_.set_check(models::check_against(file));
    model_ = models::make_model(entry.kind, scale, config, params_);
    params_.set_check(nullptr);
    models::load_weights(params_, file);
    latent_ = decide_latent(request, entry, label);
    fill_info(entry, scale, label);
  }

  at::Tensor upscale(const at::Tensor &lr, const Draw &draw) const override {
    if (!info_.stochastic) return model_->upscale(lr, models::zero_latents(*model_, lr));
    const int draws = latent_ == Latent::kMean ? client::kMeanDraws : 1;
    at::Tensor sum = model_->upscale(lr, draw_latents(lr, draw, 0));
    for (int k = 1; k < draws; ++k) sum = sum + model_->upscale(lr, draw_latents(lr, draw, k));
    return draws > 1 ? sum / draws : sum;
  }

  at::Tensor downscale(const at::Tensor &hr) const override { return model_->downscale(hr).x_lr; }

 private:
  void fill_info(const client::NetworkEntry &entry, int scale, const client::WeightsLabel &label) {
    info_.name = entry.name;
    info_.scale = scale;
    info_.colour = entry.colour;
    info_.receptive_field = model_->receptive_field();
    info_.has_downscale = model_->has_downscale();
    info_.alignment = model_->alignment();
    info_.stochastic = !model_->latents().empty() && latent_ != Latent::kZero;
    // The papers' g is MATLAB's bicubic.
    const char *usual = client::is_light(entry.kind) ? "bicubic" : "catmull_rom";
    info_.downscaler = label.downscaler.empty() ? usual : label.downscaler;
  }

  Latents draw_latents(const at::Tensor &lr, const Draw &draw, int k) const {
    Latents z;
    const uint64_t first = static_cast<uint64_t>(k) * model_->latents().size();
    for (const models::LatentShape &shape : model_->latents()) {
      z.push_back(draw_latent(shape, lr.size(2), lr.size(3), draw, first + z.size()).to(device_));
    }
    return z;
  }

  models::Params params_;
  std::unique_ptr<models::Model> model_;
  Latent latent_ = Latent::kZero;
};

}  // namespace

std::unique_ptr<Functions> load_native(const client::NetworkRequest &request, at::Device device) {
  const client::NetworkEntry &entry = *client::find_network(request.model);
  const files::Safetensors file = open_weights(request, entry);
  return std::make_unique<ModelFunctions>(request, entry, file, device);
}

}  // namespace hcd::aten
