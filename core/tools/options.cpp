// SPDX-License-Identifier: BSD-2-Clause
// The library's table of options as the command line's, with the two defaults that differ.
#include "tools/options.h"

#include "base/error.h"
#include "options/options.h"
#include "tools/error.h"

#include <charconv>
#include <span>
#include <type_traits>

namespace hcd::tools {
namespace {

constexpr int kMaxSize = 32768;  // of hcd_format

// Defaults of this command, in place of the library's: it works on pictures, which are mostly RGB
// and are not coded.
const OptionTexts &own_defaults() {
  static const OptionTexts defaults = {{"model", "bicubic"}, {"loss", "mse"}};
  return defaults;
}

OptionInfo info_of(const options::Option &option) {
  using Type = options::Option::Type;
  if (option.type == Type::kSize) {
    const std::string side = std::string(option.name) == "w" ? "width" : "height";
    return {option.name, "INT", side + " of the result in pixels [1, 32768]; default: from --scale",
            true};
  }
  OptionInfo info{option.name,
                  option.type == Type::kText     ? "TEXT"
                  : option.type == Type::kNumber ? "NUM"
                                                 : "INT",
                  option.help};
  if (option.number == HCD_AUTO) return info;  // its help tells the default
  std::string value = option.text ? option.text : format_text("%.15g", option.number);
  const auto own = own_defaults().find(option.name);
  if (own != own_defaults().end()) value = own->second;
  info.help += " (default: " + (value.empty() ? "none" : value) + ")";
  return info;
}

std::vector<OptionInfo> infos_of(std::span<const options::Option> all) {
  std::vector<OptionInfo> infos;
  for (const options::Option &option : all) {
    if (option.type != options::Option::Type::kRetired) infos.push_back(info_of(option));
  }
  return infos;
}

int parse_size(const std::string &name, const std::string &text) {
  int value = 0;
  const char *end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || value < 1 || value > kMaxSize) {
    throw ToolError("option " + name + ": expected a whole number in [1, 32768], found '" + text +
                    "'");
  }
  return value;
}

int size_or_zero(const OptionTexts &options, const std::string &name) {
  const auto found = options.find(name);
  return found == options.end() ? 0 : parse_size(name, found->second);
}

template <typename Params, typename Set>
Params params_from(const OptionTexts &options, void (*init)(Params *, size_t), Set set) {
  Params params{};
  init(&params, sizeof(params));
  params.model = own_defaults().at("model").c_str();
  if constexpr (std::is_same_v<Params, hcd_down_params>) {
    params.loss = own_defaults().at("loss").c_str();
  }
  for (const auto &[name, text] : options) {
    if (name == "w" || name == "h") continue;
    char error[512] = "";
    if (set(&params, name.c_str(), text.c_str(), error, sizeof(error)) < 0) throw ToolError(error);
  }
  return params;
}

}  // namespace

const std::vector<OptionInfo> &down_options() {
  static const std::vector<OptionInfo> infos = infos_of(options::down_options());
  return infos;
}

const std::vector<OptionInfo> &up_options() {
  static const std::vector<OptionInfo> infos = infos_of(options::up_options());
  return infos;
}

Size wanted_size(const OptionTexts &options) {
  return {size_or_zero(options, "w"), size_or_zero(options, "h")};
}

hcd_down_params down_params(const OptionTexts &options) {
  return params_from<hcd_down_params>(options, hcd_down_params_init, hcd_down_params_set);
}

hcd_up_params up_params(const OptionTexts &options) {
  return params_from<hcd_up_params>(options, hcd_up_params_init, hcd_up_params_set);
}

}  // namespace hcd::tools
