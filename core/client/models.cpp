// SPDX-License-Identifier: BSD-2-Clause
#include "client/models.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "client/catalogue.h"
#include "client/light/spec.h"
#include "client/weights_label.h"
#include "image/kernel.h"

namespace hcd::client {
namespace {

// By how much a ratio may be above a factor that serves it. Chosen by measuring: docs/algorithm.md,
// "Any ratio".
constexpr double kSlack = 0.25;

bool has_built_in(const NetworkEntry &entry) {
  return std::any_of(entry.variants.begin(), entry.variants.end(),
                     [](const NetworkVariant &v) { return v.built_in; });
}

// What hcd_models() shows, in memory that is there when the library is: it cannot fail.
class ModelList {
 public:
  ModelList() {
    for (const image::Kernel &kernel : image::kernels()) {
      hcd_model_info &info = add(kernel.name, kernel.description);
      info.linear = 1;
      info.planes = "all";
      info.tiles_exactly = 1;
    }
    for (const NetworkEntry &entry : catalogue()) add(entry);
    hcd_model_info &script =
        add(kTorchscript, "any differentiable pair, exported from PyTorch (weights=<file>)");
    script.needs_weights = script.tiles_exactly = 1;
  }

  const hcd_model_info *models() const { return models_.data(); }

 private:
  hcd_model_info &add(const char *name, const char *description) {
    hcd_model_info &info = models_.at(n_models_++);
    info.name = name;
    info.description = description;
    return info;
  }

  void add(const NetworkEntry &entry) {
    hcd_model_info &info = add(entry.name, entry.description);
    info.needs_weights = has_built_in(entry) ? 0 : 1;
    info.planes = entry.colour == Colour::kLuma ? "luma" : "rgb";
    info.paper = entry.paper;
    info.licence = entry.licence;
    info.has_downscale = entry.has_downscale ? 1 : 0;
    info.tiles_exactly = entry.tiles_exactly ? 1 : 0;
    info.variants = &variants_.at(n_variants_);
    info.n_variants = static_cast<int>(entry.variants.size());
    for (const NetworkVariant &v : entry.variants) {
      hcd_model_variant &variant = variants_.at(n_variants_++);
      variant.scale = v.scale;
      variant.parameters = v.parameters;
      variant.receptive_field = v.receptive_field;
      variant.macs = v.macs;
      variant.built_in = v.built_in ? 1 : 0;
    }
  }

  // More than there are; the last model stays empty.
  std::array<hcd_model_info, 64> models_{};
  std::array<hcd_model_variant, 64> variants_{};
  size_t n_models_ = 0, n_variants_ = 0;
};

// Text such as "bilinear, bicubic, ..., base and srcnn have".
std::string models_with(double scale) {
  std::vector<std::string> names;
  for (const image::Kernel &kernel : image::kernels()) names.emplace_back(kernel.name);
  for (const NetworkEntry &entry : catalogue()) {
    for (const NetworkVariant &v : entry.variants) {
      if (v.scale == scale) names.emplace_back(entry.name);
    }
  }
  std::string text;
  for (const std::string &name : names) {
    text += (text.empty() ? "" : &name == &names.back() ? " and " : ", ") + name;
  }
  return text + " have";
}

// What tells a file from the one that was there before under the same name.
std::string identity(const NetworkRequest &r) {
  std::string wanted =
      format_text("%s|%s|%d|%d|%d|%s", r.model.c_str(), r.device.c_str(), r.scale,
                  static_cast<int>(r.latent), static_cast<int>(r.precision), r.weights.c_str());
  if (r.sent) return wanted + '|' + std::string(r.sent->begin(), r.sent->end());
  struct stat info {};
  if (stat(r.weights.c_str(), &info) != 0) return wanted;
  return format_text("%s|%lld|%lld|%lld.%09ld", wanted.c_str(), static_cast<long long>(info.st_ino),
                     static_cast<long long>(info.st_size),
                     static_cast<long long>(info.st_mtim.tv_sec), info.st_mtim.tv_nsec);
}

// Of one network in the cache.
struct Place {
  std::mutex mutex;  // held while it is opened
  std::weak_ptr<Network> network;
};

std::shared_ptr<Place> find_place(const std::string &name) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<Place>> places;
  const std::lock_guard<std::mutex> lock(mutex);
  // Those that nobody waits for and nobody has go.
  std::erase_if(places, [](const auto &entry) {
    if (entry.second.use_count() > 1) return false;
    const std::lock_guard<std::mutex> free(entry.second->mutex);
    return entry.second->network.expired();
  });
  const auto found = places.find(name);
  if (found != places.end()) return found->second;
  return places.emplace(name, std::make_shared<Place>()).first->second;
}

}  // namespace

const hcd_model_info *models() {
  static const ModelList list;
  return list.models();
}

std::string model_names() {
  std::string names;
  for (const image::Kernel &kernel : image::kernels()) names += std::string(kernel.name) + ", ";
  return names + "a network that `hcd models` lists, or torchscript";
}

bool is_network(const std::string &model) { return model == kTorchscript || find_network(model); }

bool is_light_network(const std::string &model) {
  const NetworkEntry *entry = find_network(model);
  return entry && is_light(entry->kind);
}

int factor_for(const std::string &model, const std::string &weights, double ratio) {
  if (ratio == 0) return 0;
  const int said = weights.empty() ? 0 : read_label(files::Safetensors::open(weights)).scale;
  if (said) return said;
  int factor = 0;
  for (const NetworkVariant &v : find_network(model)->variants) {
    factor = v.scale;
    if (factor * (1 + kSlack) >= ratio) break;
  }
  return factor;
}

Latent parse_latent(const std::string &text) {
  if (text == "auto") return Latent::kDefault;
  if (text == "zero") return Latent::kZero;
  if (text == "sample") return Latent::kSample;
  return Latent::kMean;
}

Precision parse_precision(const std::string &text) {
  if (text == "auto") return Precision::kAuto;
  return text == "int16" ? Precision::kInt16 : Precision::kFp32;
}

void check_network(const std::string &model, const std::string &weights, double scale) {
  const NetworkEntry *entry = find_network(model);
  HCD_CHECK(entry || !weights.empty(), HCD_E_OPTION,
            "option weights: model %s needs a file, found none", model.c_str());
  if (!entry || scale == 0) return;
  if (is_light(entry->kind)) {
    HCD_CHECK(scale <= kMostRatio, HCD_E_OPTION,
              "option scale: expected 1 to %d with model=%s, found %g (linear clients as "
              "model=bicubic take up to 16)",
              kMostRatio, model.c_str(), scale);
    return;
  }
  for (const NetworkVariant &v : entry->variants) {
    if (v.scale == scale) return;
  }
  throw Error(HCD_E_OPTION,
              format_text("option scale: expected %s, the factor%s of model %s, found %g, which %s",
                          scales_text(*entry).c_str(), entry->variants.size() > 1 ? "s" : "",
                          model.c_str(), scale, models_with(scale).c_str()));
}

std::shared_ptr<Network> open_network(const NetworkRequest &request, const Log &log) {
  const std::shared_ptr<Place> place = find_place(identity(request));
  // Who wants the same network waits for it; others do not wait for this file.
  const std::lock_guard<std::mutex> lock(place->mutex);
  if (auto network = place->network.lock()) return network;
  std::shared_ptr<Network> network = load_network(request, log);
  place->network = network;
  return network;
}

}  // namespace hcd::client
