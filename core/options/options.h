// SPDX-License-Identifier: BSD-2-Clause
// The options of hcd_down and hcd_up as one table, made of options.def: whoever sets a default,
// reads a text, checks a value or shows a help text walks over it.
#pragma once

#include <hcd/hcd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace hcd::options {

// What a context keeps of a field of the parameters: texts live as long as the settings.
template <typename T>
using Kept = std::conditional_t<std::is_same_v<T, const char *>, std::string, T>;

// hcd_down_params and hcd_up_params, checked and kept.
struct DownSettings {
#define HCD_OPTIONS_DOWN
#define HCD_OPTION(type, name, def, min, max, runtime, help) Kept<type> name = def;
#include <hcd/options.def>
};

struct UpSettings {
#define HCD_OPTIONS_UP
#define HCD_OPTION(type, name, def, min, max, runtime, help) Kept<type> name = def;
#include <hcd/options.def>

  // What the stream says instead of options: see session::follow().
  std::shared_ptr<const std::vector<uint8_t>> sent_weights;  // the bytes of a file
  hcd_siting sent_siting = HCD_SITING_UNSPECIFIED;
};

struct Option {
  // Sizes are the filters' and the command's, retired numbers nobody's: neither is kept.
  enum class Type { kText, kInt, kInt64, kNumber, kSize, kRetired };

  const char *name = nullptr;
  Type type = Type::kText;
  const char *help = nullptr;
  size_t given = 0, kept = 0;  // places in hcd_*_params and *Settings, in bytes
  const char *text = nullptr;  // default of a text
  double number = 0;           // default of a number; HCD_AUTO: it may be "auto"
  double min = 0, max = 0;
  bool runtime = false;                  // may change while frames flow
  std::array<const char *, 12> words{};  // what a text may be, up to NULL; none: anything

  bool has_value() const { return type != Type::kSize && type != Type::kRetired; }
};

// All of them, in the order of options.def.
std::span<const Option> down_options();
std::span<const Option> up_options();

// Writes the defaults; leaves struct_size.
void set_defaults(hcd_down_params &params);
void set_defaults(hcd_up_params &params);

// Sets one option from text. Throws HCD_E_OPTION naming the option, what was expected and what was
// found; so it does for one that lies behind struct_size. A text is not yet checked.
void set_option(hcd_down_params &params, const char *key, const char *value);
void set_option(hcd_up_params &params, const char *key, const char *value);

// Throws HCD_E_OPTION where a value is out of its range or not one of its words.
DownSettings make_settings(const hcd_down_params &params);
UpSettings make_settings(const hcd_up_params &params);

// Sets an option that may change while frames flow.
void set_running(DownSettings &settings, const char *key, const char *value);

}  // namespace hcd::options
