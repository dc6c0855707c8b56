// SPDX-License-Identifier: BSD-2-Clause
#include "client/light/spec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "files/json.h"
#include "files/weights_error.h"
#include "image/kernel.h"

namespace hcd::client {
namespace {

using Json = nlohmann::json;

// A configuration is of a light network: what is far from one is refused before it is allocated.
constexpr size_t kMaxLayers = 32;
constexpr int kMaxChannels = 128;
constexpr int kMinScale = 2, kMaxScale = 4;
constexpr float kLeak = 0.1F;

// `depth` convolutions to `width` channels, and one to the picture's.
struct Architecture {
  std::string_view kind;
  int width, depth;
  std::array<int, 2> scales;  // the same twice: only one
};
constexpr std::array kArchitectures = {Architecture{"lite", 16, 5, {2, 2}},
                                       Architecture{"base", 32, 6, {2, 4}}};

const Architecture *find_architecture(std::string_view kind) {
  const auto *found = std::find_if(kArchitectures.begin(), kArchitectures.end(),
                                   [kind](const Architecture &a) { return a.kind == kind; });
  return found == kArchitectures.end() ? nullptr : found;
}

// The number of the fewest digits that is this float: 0.1, not 0.10000000149.
double shortest(float value) {
  char digits[32];
  const char *end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  double number = 0;
  std::from_chars(digits, end, number);
  return number;
}

// Reads the parts of a configuration; every message begins with its kind.
class Parser {
 public:
  explicit Parser(std::string_view kind) : kind_(kind) {}

  Json object(std::string_view text) const {
    if (text.size() > files::kMaxConfigBytes) {
      fail(format_text("expected at most %zu bytes, found %zu", files::kMaxConfigBytes,
                       text.size()));
    }
    files::check_levels(text, files::kMaxConfigLevels, "configuration of " + kind_);
    Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) {
      fail("expected a JSON object, found '" + files::printable(text) + "'");
    }
    return json;
  }

  std::string skip(const Json &value) const {
    if (!value.is_string() || !image::find_kernel(value.get_ref<const std::string &>())) {
      std::string names;
      for (const image::Kernel &kernel : image::kernels()) {
        names += (names.empty() ? "" : ", ") + std::string(kernel.name);
      }
      fail("skip: expected one of " + names + ", found " + files::printable(value.dump()));
    }
    return value;
  }

  std::vector<ConvSpec> layers(const Json &list, int outputs) const {
    if (!list.is_array() || list.empty() || list.size() > kMaxLayers) {
      fail(format_text("layers: expected a list of 1 to %zu, found %s", kMaxLayers,
                       list.is_array() ? std::to_string(list.size()).c_str() : list.type_name()));
    }
    std::vector<ConvSpec> layers;
    int in = 1;
    for (const Json &item : list) {
      layers.push_back(layer(format_text("layers[%zu]", layers.size()), item, in));
      in = layers.back().out;
    }
    if (in != outputs) {
      fail(format_text("layers[%zu].out: expected %d, the square of the scale, found %d",
                       layers.size() - 1, outputs, in));
    }
    return layers;
  }

  void check_keys(const std::string &where, const Json &object,
                  std::initializer_list<const char *> known) const {
    for (const auto &[key, value] : object.items()) {
      const bool is_known = std::any_of(known.begin(), known.end(),
                                        [&key = key](const char *name) { return key == name; });
      std::string names;
      for (const char *name : known) names.append(names.empty() ? "" : ", ").append(name);
      if (is_known) continue;
      fail(where + format_text("expected one of %s, found '%s'", names.c_str(),
                               files::printable(key).c_str()));
    }
  }

 private:
  [[noreturn]] void fail(const std::string &what) const {
    throw Error(HCD_E_FILE, "configuration of " + kind_ + ": " + what);
  }

  ConvSpec layer(const std::string &where, const Json &item, int in) const {
    if (!item.is_object()) fail(where + ": expected an object, found " + item.type_name());
    check_keys(where + ": ", item, {"kernel", "out", "activation", "slope"});
    ConvSpec conv;
    conv.in = in;
    conv.out = whole(where + ".out", item.value("out", Json()), 1, kMaxChannels);
    conv.kernel = whole(where + ".kernel", item.value("kernel", Json(3)), 1, 5);
    if (conv.kernel % 2 == 0) {
      fail(where + format_text(".kernel: expected 1, 3 or 5, found %d", conv.kernel));
    }
    conv.slope = slope(where, item);
    return conv;
  }

  int whole(const std::string &where, const Json &value, int min, int max) const {
    if (!value.is_number_integer() || value < min || value > max) {
      fail(where + format_text(": expected a whole number in [%d, %d], found ", min, max) +
           files::printable(value.dump()));
    }
    return value;
  }

  float slope(const std::string &where, const Json &item) const {
    const Json activation = item.value("activation", Json("none"));
    const bool leaky = activation == "leaky_relu";
    const auto given = item.find("slope");
    if (given != item.end() && !leaky) fail(where + ".slope: expected only with leaky_relu");
    if (activation == "none") return 1;
    if (activation == "relu") return 0;
    if (!leaky) {
      fail(where + ".activation: expected none, relu or leaky_relu, found " +
           files::printable(activation.dump()));
    }
    if (given == item.end()) return kLeak;
    if (!given->is_number() || !(*given > 0) || !(*given < 1)) {
      fail(where + ".slope: expected a number in (0, 1), found " + files::printable(given->dump()));
    }
    return *given;
  }

  std::string kind_;
};

}  // namespace

int64_t NetSpec::parameters() const {
  int64_t count = 0;
  for (const ConvSpec &c : layers) count += int64_t{c.out} * (c.in * c.kernel * c.kernel + 1);
  return count;
}

int64_t NetSpec::macs() const {
  int64_t count = 0;
  for (const ConvSpec &c : layers) count += int64_t{c.out} * c.in * c.kernel * c.kernel;
  return count;
}

int NetSpec::receptive_field() const {
  int reach = 0;
  for (const ConvSpec &c : layers) reach += c.kernel / 2;
  return std::max(reach, static_cast<int>(image::find_kernel(skip)->support));
}

bool is_light(std::string_view kind) { return find_architecture(kind) != nullptr; }

NetSpec parse_spec(std::string_view kind, int scale, std::string_view config) {
  const Architecture *architecture = find_architecture(kind);
  HCD_CHECK(architecture, HCD_E_INTERNAL, "no light network '%s'", std::string(kind).c_str());
  const Parser parser(kind);
  const Json json = parser.object(config);
  parser.check_keys("", json, {"skip", "layers"});
  NetSpec spec;
  spec.scale = scale;
  if (json.contains("skip")) spec.skip = parser.skip(json["skip"]);
  const bool own_layers = json.contains("layers");
  const auto [first, second] = architecture->scales;
  const bool possible =
      own_layers ? scale >= kMinScale && scale <= kMaxScale : scale == first || scale == second;
  std::string known = format_text("%d to %d", kMinScale, kMaxScale);
  if (!own_layers) {
    known = std::to_string(first) + (first == second ? "" : " or " + std::to_string(second));
  }
  HCD_CHECK(possible, HCD_E_OPTION, "scale: expected %s for %s, found %d", known.c_str(),
            std::string(kind).c_str(), scale);
  if (own_layers) {
    spec.layers = parser.layers(json["layers"], scale * scale);
    return spec;
  }
  int in = 1;
  for (int i = 0; i < architecture->depth; ++i, in = architecture->width) {
    spec.layers.push_back({3, in, architecture->width, kLeak});
  }
  spec.layers.push_back({3, in, scale * scale, 1});
  return spec;
}

std::string spec_config(const NetSpec &spec) {
  Json layers = Json::array();
  for (const ConvSpec &conv : spec.layers) {
    Json layer = {{"kernel", conv.kernel}, {"out", conv.out}};
    if (conv.slope == 0) layer["activation"] = "relu";
    if (conv.slope > 0 && conv.slope < 1) {
      layer["activation"] = "leaky_relu";
      layer["slope"] = shortest(conv.slope);
    }
    layers.push_back(layer);
  }
  return Json{{"skip", spec.skip}, {"layers", layers}}.dump();
}

}  // namespace hcd::client
