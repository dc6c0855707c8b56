// SPDX-License-Identifier: BSD-2-Clause
// The options of <hcd/options.def> as the command line sees them: see the header.
#include "tools/options.h"

#include "tools/error.h"

#include <charconv>
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

OptionInfo with_default(const char *name, const char *type, const char *help,
                        const std::string &librarys) {
  const auto own = own_defaults().find(name);
  const std::string &value = own != own_defaults().end() ? own->second : librarys;
  const std::string shown = value.empty() ? "none" : value;
  return {name, type, std::string(help) + " (default: " + shown + ")"};
}

OptionInfo size_option(const std::string &name) {
  const std::string side = name == "w" ? "width" : "height";
  return {name, "INT", side + " of the result in pixels [1, 32768]; default: from --scale", true};
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

#define HCD_STR(name, def, help) with_default(#name, "TEXT", help, def),
#define HCD_INT(name, def, min, max, help) with_default(#name, "INT", help, #def),
#define HCD_I64(name, def, min, max, help) with_default(#name, "INT", help, #def),
#define HCD_NUM(name, def, min, max, help) with_default(#name, "NUM", help, #def),
#define HCD_AUTO_INT(name, min, max, runtime, help) OptionInfo{#name, "INT", help},
#define HCD_AUTO_NUM(name, min, max, runtime, help) OptionInfo{#name, "NUM", help},
#define HCD_EXPR(name, help) size_option(#name),
#define HCD_OPTIONS_DOWN
const std::vector<OptionInfo> &down_options() {
  static const std::vector<OptionInfo> options = {
#include <hcd/options.def>
  };
  return options;
}

#define HCD_STR(name, def, help) with_default(#name, "TEXT", help, def),
#define HCD_INT(name, def, min, max, help) with_default(#name, "INT", help, #def),
#define HCD_I64(name, def, min, max, help) with_default(#name, "INT", help, #def),
#define HCD_NUM(name, def, min, max, help) with_default(#name, "NUM", help, #def),
#define HCD_AUTO_INT(name, min, max, runtime, help) OptionInfo{#name, "INT", help},
#define HCD_AUTO_NUM(name, min, max, runtime, help) OptionInfo{#name, "NUM", help},
#define HCD_EXPR(name, help) size_option(#name),
#define HCD_OPTIONS_UP
const std::vector<OptionInfo> &up_options() {
  static const std::vector<OptionInfo> options = {
#include <hcd/options.def>
  };
  return options;
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
