// SPDX-License-Identifier: BSD-2-Clause
#include "client/weights_label.h"

#include "base/error.h"
#include "files/differences.h"
#include "files/json.h"
#include "files/weights_error.h"
#include "image/kernel.h"
#include "weights/builtin.h"

namespace hcd::client {

WeightsLabel read_label(const files::Safetensors &file) {
  const auto text = [&](const char *key, const std::string &fallback) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? fallback : found->second;
  };
  const auto fail = [&](const char *key, const char *expected, const std::string &found) {
    throw files::weights_error(file.name(), format_text("metadata %s: expected %s, found '%s'", key,
                                                        expected, files::printable(found).c_str()));
  };
  WeightsLabel label;
  label.model = text("hcd.model", "");
  label.config = text("hcd.config", "{}");
  if (label.config.size() > files::kMaxConfigBytes ||
      files::nests_deeper(label.config, files::kMaxConfigLevels)) {
    throw files::weights_error(
        file.name(), format_text("metadata hcd.config: expected at most %zu bytes and %d levels "
                                 "of lists and objects, found more",
                                 files::kMaxConfigBytes, files::kMaxConfigLevels));
  }
  label.latent = text("hcd.latent", "");
  label.downscaler = text("hcd.downscaler", "");
  if (!label.downscaler.empty() && !image::find_kernel(label.downscaler)) {
    fail("hcd.downscaler", "a linear model that `hcd models` lists", label.downscaler);
  }
  const std::string scale = text("hcd.scale", "0");
  const bool number = scale.size() == 1 && scale[0] >= '0' && scale[0] <= '9';
  if (!number) fail("hcd.scale", "1 to 9", scale);
  label.scale = scale[0] - '0';
  return label;
}

files::Safetensors open_light(const std::string &path) {
  return expand_light(files::Safetensors::open(path));
}

files::Safetensors expand_light(files::Safetensors file) {
  if (!files::holds_differences(file)) return file;
  const WeightsLabel label = read_label(file);
  const std::string name = label.model + " x" + std::to_string(label.scale);
  const auto bytes = weights::find_light(label.model, label.scale);
  if (bytes.empty()) {
    throw files::weights_error(file.name(), "differences to the built-in weights of " +
                                                files::printable(name) +
                                                ": expected these, found none in this build");
  }
  return files::expand_differences(file, files::Safetensors::parse(bytes, "built-in " + name));
}

void check_kind(const NetworkEntry &entry, const files::Safetensors &file,
                const WeightsLabel &label) {
  if (label.model.empty()) return;
  const NetworkEntry *own = find_network(label.model);
  HCD_CHECK(own && std::string(own->kind) == entry.kind, HCD_E_FILE,
            "weights '%s': expected those of model %s, found those of '%s'", file.name().c_str(),
            entry.name, label.model.c_str());
}

int default_scale(const NetworkEntry &entry, int wanted) {
  if (wanted) return wanted;
  for (const NetworkVariant &variant : entry.variants) {
    if (variant.built_in) return variant.scale;
  }
  return entry.variants[0].scale;
}

int decide_scale(const NetworkRequest &request, const NetworkEntry &entry,
                 const files::Safetensors &file, const WeightsLabel &label) {
  HCD_CHECK(!label.scale || !request.scale || label.scale == request.scale, HCD_E_OPTION,
            "option scale: expected %d, that of weights '%s', found %d", label.scale,
            file.name().c_str(), request.scale);
  const int scale = label.scale ? label.scale : default_scale(entry, request.scale);
  for (const NetworkVariant &variant : entry.variants) {
    if (variant.scale == scale) return scale;
  }
  throw Error(HCD_E_OPTION, format_text("option scale: model %s: expected %s, found %d", entry.name,
                                        scales_text(entry).c_str(), scale));
}

void fail_without_weights(const NetworkEntry &entry, int scale) {
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

}  // namespace hcd::client
