// SPDX-License-Identifier: BSD-2-Clause
#include "capi/params.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/error.h"

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
  char *end = nullptr;
  errno = 0;
  T value;
  if constexpr (std::is_integral_v<T>) {
    const long long number = std::strtoll(text, &end, 10);
    value = static_cast<T>(number);
    if (static_cast<long long>(value) != number) errno = ERANGE;
  } else {
    value = std::strtod(text, &end);
  }
  const bool parsed = end != text && *end == '\0' && errno == 0;
  const auto number = static_cast<double>(value);
  if (!parsed || !(number >= min && number <= max)) refuse(name, kind, min, max, may_be_auto, text);
  return value;
}

[[noreturn]] void unknown(const char *key, const char *names) {
  throw Error(HCD_E_OPTION, format_text("unknown option '%s': expected one of %s", key, names + 2));
}

void check_size(size_t found, size_t expected, const char *type) {
  HCD_CHECK(
      found == expected, HCD_E_OPTION,
      "%s.struct_size: expected %zu, found %zu (call %s_init, and use the header of this library)",
      type, expected, found, type);
}

const char *text_or_empty(const char *text) { return text ? text : ""; }

}  // namespace

// ---- all options, from the one list ----

// Names of the options, each after ", ".
#define HCD_NAME_OF(name) ", " #name

runtime::DownSettings make_settings(const hcd_down_params &p) {
  check_size(p.struct_size, sizeof(hcd_down_params), "hcd_down_params");
  runtime::DownSettings s;
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

runtime::UpSettings make_settings(const hcd_up_params &p) {
  check_size(p.struct_size, sizeof(hcd_up_params), "hcd_up_params");
  runtime::UpSettings s;
#define HCD_OPTIONS_UP
#define HCD_STR(name, def, help) s.name = text_or_empty(p.name);
#define HCD_INT(name, def, min, max, help) s.name = checked(#name, p.name, min, max, false);
#define HCD_I64(name, def, min, max, help) s.name = checked(#name, p.name, min, max, false);
#define HCD_AUTO_NUM(name, min, max, runtime, help) s.name = checked(#name, p.name, min, max, true);
#include <hcd/options.def>
  return s;
}

void set_option(hcd_down_params &p, const char *key, const char *value) {
  check_size(p.struct_size, sizeof(hcd_down_params), "hcd_down_params");
#define HCD_OPTIONS_DOWN
#define HCD_SET(name, ...)                                       \
  if (std::strcmp(key, #name) == 0) {                            \
    p.name = parse<decltype(p.name)>(#name, value, __VA_ARGS__); \
    return;                                                      \
  }
#define HCD_STR(name, def, help)      \
  if (std::strcmp(key, #name) == 0) { \
    p.name = value;                   \
    return;                           \
  }
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

void set_option(hcd_up_params &p, const char *key, const char *value) {
  check_size(p.struct_size, sizeof(hcd_up_params), "hcd_up_params");
#define HCD_OPTIONS_UP
#define HCD_STR(name, def, help)      \
  if (std::strcmp(key, #name) == 0) { \
    p.name = value;                   \
    return;                           \
  }
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

void set_running(runtime::DownSettings &p, const char *key, const char *value) {
#define HCD_OPTIONS_DOWN
#define HCD_AUTO_INT(name, min, max, runtime, help) \
  if constexpr (runtime) HCD_SET(name, min, max, true)
#define HCD_AUTO_NUM(name, min, max, runtime, help) \
  if constexpr (runtime) HCD_SET(name, min, max, true)
#include <hcd/options.def>
  throw Error(HCD_E_OPTION,
              format_text("option '%s' cannot change while frames flow: expected steps, "
                          "steps_hr, steps_lr, budget, proximity, detail, ringing, rate or "
                          "quality_hint",
                          key));
}

}  // namespace hcd::capi
