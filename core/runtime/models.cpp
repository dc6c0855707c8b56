// SPDX-License-Identifier: BSD-2-Clause
#include "runtime/models.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "image/kernel.h"
#include "net/catalogue.h"

namespace hcd::runtime {
namespace {

using net::kTorchscript;

// The variants of all networks, in the order of the catalogue.
std::vector<hcd_model_variant> list_variants() {
  std::vector<hcd_model_variant> list;
  for (const net::NetworkEntry &entry : net::catalogue()) {
    for (const net::NetworkVariant &v : entry.variants) {
      list.push_back({v.scale, v.parameters, v.receptive_field, v.macs, v.built_in ? 1 : 0});
    }
  }
  return list;
}

bool has_built_in(const net::NetworkEntry &entry) {
  return std::any_of(entry.variants.begin(), entry.variants.end(),
                     [](const net::NetworkVariant &v) { return v.built_in; });
}

std::vector<hcd_model_info> list_models() {
  std::vector<hcd_model_info> list;
  for (const image::Kernel &kernel : image::kernels()) {
    list.push_back(
        {kernel.name, kernel.description, 1, 0, "all", nullptr, nullptr, 0, 1, nullptr, 0});
  }
  static const std::vector<hcd_model_variant> variants = list_variants();
  const hcd_model_variant *first = variants.data();
  for (const net::NetworkEntry &entry : net::catalogue()) {
    const int n = static_cast<int>(entry.variants.size());
    list.push_back({entry.name, entry.description, 0, has_built_in(entry) ? 0 : 1,
                    entry.colour == net::Colour::kLuma ? "luma" : "rgb", entry.paper, entry.licence,
                    entry.has_downscale ? 1 : 0, entry.tiles_exactly ? 1 : 0, first, n});
    first += n;
  }
  list.push_back({kTorchscript, "any differentiable pair, exported from PyTorch (weights=<file>)",
                  0, 1, nullptr, nullptr, nullptr, 0, 1, nullptr, 0});
  list.push_back({});
  return list;
}

// Text such as "bilinear, bicubic, ..., base and srcnn have".
std::string models_with(double scale) {
  std::vector<std::string> names;
  for (const image::Kernel &kernel : image::kernels()) names.emplace_back(kernel.name);
  for (const net::NetworkEntry &entry : net::catalogue()) {
    for (const net::NetworkVariant &v : entry.variants) {
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
std::string identity(const net::NetworkRequest &r) {
  const std::string wanted = format_text("%s|%s|%d|%d|%s", r.model.c_str(), r.device.c_str(),
                                         r.scale, static_cast<int>(r.latent), r.weights.c_str());
  struct stat info {};
  if (stat(r.weights.c_str(), &info) != 0) return wanted;
  return format_text("%s|%lld|%lld|%lld.%09ld", wanted.c_str(), static_cast<long long>(info.st_ino),
                     static_cast<long long>(info.st_size),
                     static_cast<long long>(info.st_mtim.tv_sec), info.st_mtim.tv_nsec);
}

}  // namespace

const hcd_model_info *models() {
  static const std::vector<hcd_model_info> list = list_models();
  return list.data();
}

std::string model_names() {
  std::string names;
  for (const image::Kernel &kernel : image::kernels()) names += std::string(kernel.name) + ", ";
  return names + "a network that `hcd models` lists, or torchscript";
}

bool is_network(const std::string &model) {
  return model == kTorchscript || net::find_network(model);
}

net::Latent parse_latent(const std::string &text) {
  if (text == "auto") return net::Latent::kDefault;
  if (text == "zero") return net::Latent::kZero;
  if (text == "sample") return net::Latent::kSample;
  HCD_CHECK(text == "mean", HCD_E_OPTION,
            "option latent: expected auto, zero, sample or mean, found '%s'", text.c_str());
  return net::Latent::kMean;
}

void check_network(const std::string &model, const std::string &weights, double scale) {
  const net::NetworkEntry *entry = net::find_network(model);
  HCD_CHECK(entry || !weights.empty(), HCD_E_OPTION,
            "option weights: model %s needs a file, found none", model.c_str());
  if (!entry || scale == 0) return;
  for (const net::NetworkVariant &v : entry->variants) {
    if (v.scale == scale) return;
  }
  throw Error(HCD_E_OPTION,
              format_text("option scale: expected %s, the factor%s of model %s, found %g, which %s",
                          net::scales_text(*entry).c_str(), entry->variants.size() > 1 ? "s" : "",
                          model.c_str(), scale, models_with(scale).c_str()));
}

void check_device(const std::string &device) {
  const bool numbered = device.rfind("cuda:", 0) == 0 && device.size() > 5 && device.size() < 9 &&
                        device.find_first_not_of("0123456789", 5) == std::string::npos;
  HCD_CHECK(device == "auto" || device == "cpu" || device == "cuda" || numbered, HCD_E_OPTION,
            "option device: expected auto, cpu, cuda or cuda:N, found '%s'", device.c_str());
}

std::shared_ptr<net::Network> open_network(const net::NetworkRequest &request, const Log &log) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<net::Network>> cache;
  const std::lock_guard<std::mutex> lock(mutex);
  std::weak_ptr<net::Network> &entry = cache[identity(request)];
  if (auto network = entry.lock()) return network;
  std::shared_ptr<net::Network> network = net::load_network(request, log);
  entry = network;
  return network;
}

}  // namespace hcd::runtime
