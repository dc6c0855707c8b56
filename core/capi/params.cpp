// SPDX-License-Identifier: BSD-2-Clause
#include "capi/params.h"

#include <charconv>
#include <cstring>
#include <string>

#include "base/error.h"
#include "capi/structs.h"

namespace hcd::capi {
namespace {

// ---- one value ----

[[noreturn]] void refuse(const char *name, const char *kind, double min, double max,
                         bool may_be_auto, const std::string &found) {
  throw Error(HCD_E_OPTION,
              format_text("option %s: expected %s%s in [%.15g, %.15g], found '%s'", name,
                          may_be_auto ? "auto or " : "", kind, min, max, found.c_str()));
}

constexpr const char *kWhole = "a whole number", *kNumber = "a number";

template <typename T>
std::string to_text(T value) {
  return format_text("%.15g", static_cast<double>(value));
}

// The value, if it lies in its range or is HCD_AUTO where that is allowed.
template <typename T>
T checked(const char *name, T value, double min, double max, bool may_be_auto) {
  const auto number = static_cast<double>(value);
  if (may_be_auto && number == HCD_AUTO) return value;
  if (!(number >= min && number <= max)) {
    refuse(name, std::is_integral_v<T> ? kWhole : kNumber, min, max, may_be_auto, to_text(value));
  }
  return value;
}

template <typename T>
T parse(const char *name, const char *text, double min, double max, bool may_be_auto) {
  if (may_be_auto && std::strcmp(text, "auto") == 0) return static_cast<T>(HCD_AUTO);
  const char *kind = std::is_integral_v<T> ? kWhole : kNumber;
  const char *first = text, *last = text + std::strlen(text);
  if (*first == '+' && first[1] != '-') ++first;
  T value{};
  const auto [end, error] = std::from_chars(first, last, value);
  const bool parsed = end == last && error == std::errc();
  const auto number = static_cast<double>(value);
  if (!parsed || !(number >= min && number <= max)) refuse(name, kind, min, max, may_be_auto, text);
  return value;
}

[[noreturn]] void unknown(const char *key, const char *names) {
  throw Error(HCD_E_OPTION, format_text("unknown option '%s': expected one of %s", key, names + 2));
}

// An option that lies behind the end of the caller's struct has no place to be set.
void check_room(const char *name, size_t end, size_t struct_size) {
  HCD_CHECK(end <= struct_size, HCD_E_OPTION,
            "option %s: expected a struct of %zu bytes or more, found %zu: the program was built "
            "with the header of an older libhcd",
            name, end, struct_size);
}

const char *type_name(const hcd_down_params &) { return "hcd_down_params"; }
const char *type_name(const hcd_up_params &) { return "hcd_up_params"; }

// The caller's parameters; defaults where its struct ends before.
template <typename Params>
Params read_params(const Params &caller) {
  Params params;
  set_defaults(params, sizeof(params));
  // An older struct has one option at least.
  constexpr size_t kLeast = offsetof(Params, scale) + sizeof(params.scale);
  read_struct(caller, params, kLeast, HCD_E_OPTION, type_name(caller));
  return params;
}

// The defaults of a whole struct, to as much of the caller's as there is.
template <typename Params>
void fill(const Params &defaults, Params &params, size_t size) {
  if (size < sizeof(size)) return;
  params.struct_size = size;
  write_struct(defaults, params);
}

const char *text_or_empty(const char *text) { return text ? text : ""; }

}  // namespace

// ---- all options, from the one list ----

// Names of the options, each after ", ".
#define HCD_NAME_OF(name) ", " #name

void set_defaults(hcd_down_params &params, size_t size) {
  hcd_down_params p{};
#define HCD_OPTIONS_DOWN
#define HCD_STR(name, def, help) p.name = def;
#define HCD_INT(name, def, min, max, help) p.name = def;
#define HCD_I64(name, def, min, max, help) p.name = def;
#define HCD_NUM(name, def, min, max, help) p.name = def;
#define HCD_AUTO_INT(name, min, max, runtime, help) p.name = HCD_AUTO;
#define HCD_AUTO_NUM(name, min, max, runtime, help) p.name = HCD_AUTO;
#include <hcd/options.def>
  fill(p, params, size);
}

void set_defaults(hcd_up_params &params, size_t size) {
  hcd_up_params p{};
#define HCD_OPTIONS_UP
#define HCD_STR(name, def, help) p.name = def;
#define HCD_INT(name, def, min, max, help) p.name = def;
#define HCD_I64(name, def, min, max, help) p.name = def;
#define HCD_AUTO_NUM(name, min, max, runtime, help) p.name = HCD_AUTO;
#include <hcd/options.def>
  fill(p, params, size);
}

session::DownSettings make_settings(const hcd_down_params &params) {
  const hcd_down_params p = read_params(params);
  session::DownSettings s;
#define HCD_OPTIONS_DOWN
#define HCD_STR(name, def, help) s.name = text_or_empty(p.name);
#define HCD_INT(name, def, min, max, help) s.name = checked(#name, p.name, min, max, false);
#define HCD_I64(name, def, min, max, help) s.name = checked(#name, p.name, min, max, false);
#define HCD_NUM(name, def, min, max, help) s.name = checked(#name, p.name, min, max, false);
#define HCD_AUTO_INT(name, min, max, runtime, help) s.name = checked(#name, p.name, min, max, true);
#define HCD_AUTO_NUM(name, min, max, runtime, help) s.name = checked(#name, p.name, min, max, true);
#include <hcd/options.def>
  return s;
}

session::UpSettings make_settings(const hcd_up_params &params) {
  const hcd_up_params p = read_params(params);
  session::UpSettings s;
#define HCD_OPTIONS_UP
#define HCD_STR(name, def, help) s.name = text_or_empty(p.name);
#define HCD_INT(name, def, min, max, help) s.name = checked(#name, p.name, min, max, false);
#define HCD_I64(name, def, min, max, help) s.name = checked(#name, p.name, min, max, false);
#define HCD_AUTO_NUM(name, min, max, runtime, help) s.name = checked(#name, p.name, min, max, true);
#include <hcd/options.def>
  return s;
}

void set_option(hcd_down_params &params, const char *key, const char *value) {
  hcd_down_params p = read_params(params);
#define HCD_OPTIONS_DOWN
#define HCD_IF(name, value)                                                         \
  if (std::strcmp(key, #name) == 0) {                                               \
    check_room(#name, offsetof(decltype(p), name) + sizeof(p.name), p.struct_size); \
    p.name = value;                                                                 \
    return write_struct(p, params);                                                 \
  }
#define HCD_SET(name, ...) HCD_IF(name, parse<decltype(p.name)>(#name, value, __VA_ARGS__))
#define HCD_STR(name, def, help) HCD_IF(name, value)
#define HCD_INT(name, def, min, max, help) HCD_SET(name, min, max, false)
#define HCD_I64(name, def, min, max, help) HCD_SET(name, min, max, false)
#define HCD_NUM(name, def, min, max, help) HCD_SET(name, min, max, false)
#define HCD_AUTO_INT(name, min, max, runtime, help) HCD_SET(name, min, max, true)
#define HCD_AUTO_NUM(name, min, max, runtime, help) HCD_SET(name, min, max, true)
#include <hcd/options.def>
  unknown(key,
#define HCD_OPTIONS_DOWN
#define HCD_STR(name, def, help) HCD_NAME_OF(name)
#define HCD_INT(name, def, min, max, help) HCD_NAME_OF(name)
#define HCD_I64(name, def, min, max, help) HCD_NAME_OF(name)
#define HCD_NUM(name, def, min, max, help) HCD_NAME_OF(name)
#define HCD_AUTO_INT(name, min, max, runtime, help) HCD_NAME_OF(name)
#define HCD_AUTO_NUM(name, min, max, runtime, help) HCD_NAME_OF(name)
#include <hcd/options.def>
  );
}

void set_option(hcd_up_params &params, const char *key, const char *value) {
  hcd_up_params p = read_params(params);
#define HCD_OPTIONS_UP
#define HCD_STR(name, def, help) HCD_IF(name, value)
#define HCD_INT(name, def, min, max, help) HCD_SET(name, min, max, false)
#define HCD_I64(name, def, min, max, help) HCD_SET(name, min, max, false)
#define HCD_AUTO_NUM(name, min, max, runtime, help) HCD_SET(name, min, max, true)
#include <hcd/options.def>
  unknown(key,
#define HCD_OPTIONS_UP
#define HCD_STR(name, def, help) HCD_NAME_OF(name)
#define HCD_INT(name, def, min, max, help) HCD_NAME_OF(name)
#define HCD_I64(name, def, min, max, help) HCD_NAME_OF(name)
#define HCD_AUTO_NUM(name, min, max, runtime, help) HCD_NAME_OF(name)
#include <hcd/options.def>
  );
}

void set_running(session::DownSettings &s, const char *key, const char *value) {
#define HCD_OPTIONS_DOWN
#define HCD_RUN(name, runtime, min, max)                            \
  if (runtime && std::strcmp(key, #name) == 0) {                    \
    s.name = parse<decltype(s.name)>(#name, value, min, max, true); \
    return;                                                         \
  }
#define HCD_AUTO_INT(name, min, max, runtime, help) HCD_RUN(name, runtime, min, max)
#define HCD_AUTO_NUM(name, min, max, runtime, help) HCD_RUN(name, runtime, min, max)
#include <hcd/options.def>
  throw Error(HCD_E_OPTION,
              format_text("option '%s' cannot change while frames flow: expected steps, "
                          "steps_hr, steps_lr, budget, proximity, detail, ringing, rate or "
                          "quality_hint",
                          key));
}

}  // namespace hcd::capi
