// SPDX-License-Identifier: BSD-2-Clause
#include "torch/native.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/random.h"
#include "models/registry.h"
#include "models/weights.h"
#include "net/catalogue.h"
#include "weights/builtin.h"

namespace hcd::torch_backend {
namespace {

using models::Latents;
using net::Draw;
using net::Latent;

// What a weight file says of itself.
struct Label {
  std::string model, config = "{}";
  int scale = 0;       // 0: not said
  std::string latent;  // what f was trained to get: "zero", "sample"; "": as the paper's
};

Label read_label(const net::Safetensors &file) {
  Label label;
  const auto text = [&](const char *key, const std::string &fallback) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? fallback : found->second;
  };
  label.model = text("hcd.model", "");
  label.config = text("hcd.config", "{}");
  label.latent = text("hcd.latent", "");
  const std::string scale = text("hcd.scale", "0");
  const bool number = scale.size() == 1 && scale[0] >= '0' && scale[0] <= '9';
  HCD_CHECK(number, HCD_E_FILE, "weights '%s': metadata hcd.scale: expected 1 to 9, found '%s'",
            file.name().c_str(), scale.c_str());
  label.scale = scale[0] - '0';
  return label;
}

std::string scales_text(const net::NetworkEntry &entry) {
  std::string text;
  for (const net::NetworkVariant &v : entry.variants) {
    text += (text.empty() ? "" : " or ") + std::to_string(v.scale);
  }
  return text;
}

[[noreturn]] void fail_without_weights(const net::NetworkEntry &entry, int scale) {
  const std::string file = std::string(entry.name) + "_x" + std::to_string(scale);
  const std::string published =
      *entry.repository
          ? std::string("the authors publish theirs (") + entry.paper + "; repository " +
                entry.repository + "); convert them with: hcd convert " + "<file>.pth " + file +
                ".safetensors --model " + entry.name + " --scale " + std::to_string(scale)
          : "none are published; train some with hcd train";
  throw Error(HCD_E_FILE,
              format_text("option weights: model %s with scale %d needs a file, found none: %s",
                          entry.name, scale, published.c_str()));
}

// The scale that is meant where no file is given.
int default_scale(const net::NetworkEntry &entry, int wanted) {
  if (wanted) return wanted;
  for (const net::NetworkVariant &variant : entry.variants) {
    if (variant.built_in) return variant.scale;
  }
  return entry.variants[0].scale;
}

net::Safetensors open_weights(const net::NetworkRequest &request, const net::NetworkEntry &entry) {
  if (!request.weights.empty()) return net::Safetensors::open(request.weights);
  const int scale = default_scale(entry, request.scale);
  const auto bytes = weights::find(entry.name, scale);
  if (bytes.empty()) fail_without_weights(entry, scale);
  return net::Safetensors::parse(bytes, format_text("built-in %s x%d", entry.name, scale));
}

int decide_scale(const net::NetworkRequest &request, const net::NetworkEntry &entry,
                 const net::Safetensors &file, const Label &label) {
  HCD_CHECK(!label.scale || !request.scale || label.scale == request.scale, HCD_E_OPTION,
            "option scale: expected %d, that of weights '%s', found %d", label.scale,
            file.name().c_str(), request.scale);
  const int scale = label.scale ? label.scale : default_scale(entry, request.scale);
  for (const net::NetworkVariant &variant : entry.variants) {
    if (variant.scale == scale) return scale;
  }
  throw Error(HCD_E_OPTION, format_text("option scale: model %s: expected %s, found %d", entry.name,
                                        scales_text(entry).c_str(), scale));
}

// The file must be of the model that was asked for, or of its kind: irn runs what irn-small is.
void check_kind(const net::NetworkEntry &entry, const net::Safetensors &file, const Label &label) {
  if (label.model.empty()) return;
  const net::NetworkEntry *own = net::find_network(label.model);
  HCD_CHECK(own && std::string(own->kind) == entry.kind, HCD_E_FILE,
            "weights '%s': expected those of model %s, found those of '%s'", file.name().c_str(),
            entry.name, label.model.c_str());
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

Latent decide_latent(const net::NetworkRequest &request, const net::NetworkEntry &entry,
                     const Label &label) {
  if (request.latent != Latent::kDefault) return request.latent;
  if (label.latent == "zero") return Latent::kZero;
  return label.latent == "sample" ? Latent::kSample : entry.latent;
}

class ModelFunctions : public Functions {
 public:
  ModelFunctions(const net::NetworkRequest &request, at::Device device)
      : device_(device), params_(at::kFloat, device) {
    const net::NetworkEntry &entry = *net::find_network(request.model);
    const net::Safetensors file = open_weights(request, entry);
    const Label label = read_label(file);
    check_kind(entry, file, label);
    const int scale = decide_scale(request, entry, file, label);
    title_ = "weights '" + file.name() + "'";
    const auto config = nlohmann::json::parse(label.config, nullptr, /*allow_exceptions=*/false);
    HCD_CHECK(config.is_object(), HCD_E_FILE,
              "%s: metadata hcd.config: expected a JSON object, found '%s'", title_.c_str(),
              label.config.c_str());
    model_ = models::make_model(entry.kind, scale, config, params_);
    models::load_weights(params_, file);
    latent_ = decide_latent(request, entry, label);
    fill_info(entry, scale);
  }

  const net::NetworkInfo &info() const override { return info_; }
  at::Device device() const override { return device_; }
  std::string title() const override { return title_; }

  at::Tensor upscale(const at::Tensor &lr, const Draw &draw) const override {
    if (!info_.stochastic) return model_->upscale(lr, models::zero_latents(*model_, lr));
    const int draws = latent_ == Latent::kMean ? net::kMeanDraws : 1;
    at::Tensor sum = model_->upscale(lr, draw_latents(lr, draw, 0));
    for (int k = 1; k < draws; ++k) sum = sum + model_->upscale(lr, draw_latents(lr, draw, k));
    return draws > 1 ? sum / draws : sum;
  }

  at::Tensor downscale(const at::Tensor &hr) const override { return model_->downscale(hr).x_lr; }

 private:
  void fill_info(const net::NetworkEntry &entry, int scale) {
    info_.name = entry.name;
    info_.scale = scale;
    info_.colour = entry.colour;
    info_.receptive_field = model_->receptive_field();
    info_.has_downscale = model_->has_downscale();
    info_.alignment = model_->alignment();
    info_.stochastic = !model_->latents().empty() && latent_ != Latent::kZero;
    info_.downscaler = "catmull_rom";  // the papers' g is MATLAB's bicubic
  }

  Latents draw_latents(const at::Tensor &lr, const Draw &draw, int k) const {
    Latents z;
    const uint64_t first = static_cast<uint64_t>(k) * model_->latents().size();
    for (const models::LatentShape &shape : model_->latents()) {
      z.push_back(draw_latent(shape, lr.size(2), lr.size(3), draw, first + z.size()).to(device_));
    }
    return z;
  }

  at::Device device_;
  models::Params params_;
  std::unique_ptr<models::Model> model_;
  Latent latent_ = Latent::kZero;
  net::NetworkInfo info_;
  std::string title_;
};

}  // namespace

std::unique_ptr<Functions> load_native(const net::NetworkRequest &request, at::Device device) {
  return std::make_unique<ModelFunctions>(request, device);
}

}  // namespace hcd::torch_backend
