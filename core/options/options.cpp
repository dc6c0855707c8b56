// SPDX-License-Identifier: BSD-2-Clause
#include "options/options.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace hcd::options {
namespace {

using Type = Option::Type;

// ---- the table ----

constexpr Type type_of(const char *) { return Type::kText; }
constexpr Type type_of(int) { return Type::kInt; }
constexpr Type type_of(int64_t) { return Type::kInt64; }
constexpr Type type_of(double) { return Type::kNumber; }

struct Table {
  std::array<Option, 32> rows{};  // more than there are
  size_t count = 0;

  constexpr void add(const Option &row) { rows[count++] = row; }

  template <typename T>
  constexpr void add(const char *name, size_t given, size_t kept, T def, double min, double max,
                     bool runtime, const char *help) {
    Option row{name, type_of(def), help, given, kept, nullptr, 0, min, max, runtime, {}};
    if constexpr (std::is_same_v<T, const char *>) {
      row.text = def;
    } else {
      row.number = static_cast<double>(def);
    }
    add(row);
  }

  constexpr void add_word(size_t number, const char *word) { rows[count - 1].words[number] = word; }
};

constexpr Table make_down_table() {
  Table table;
#define HCD_OPTIONS_DOWN
#define HCD_OPTION(type, name, def, min, max, runtime, help)                                      \
  table.add<type>(#name, offsetof(hcd_down_params, name), offsetof(DownSettings, name), def, min, \
                  static_cast<double>(max), runtime, help);
#define HCD_CHOICE(name, number, word) table.add_word(number, #word);
#define HCD_EXPR(name, help) table.add({#name, Type::kSize, help});
#define HCD_RETIRED_NUM(name) \
  table.add({#name, Type::kRetired, "", offsetof(hcd_down_params, name)});
#include <hcd/options.def>
  return table;
}

constexpr Table make_up_table() {
  Table table;
#define HCD_OPTIONS_UP
#define HCD_OPTION(type, name, def, min, max, runtime, help)                                  \
  table.add<type>(#name, offsetof(hcd_up_params, name), offsetof(UpSettings, name), def, min, \
                  static_cast<double>(max), runtime, help);
#define HCD_CHOICE(name, number, word) table.add_word(number, #word);
#define HCD_EXPR(name, help) table.add({#name, Type::kSize, help});
#include <hcd/options.def>
  return table;
}

constexpr Table kDown = make_down_table(), kUp = make_up_table();

std::span<const Option> table_of(const hcd_down_params &) { return down_options(); }
std::span<const Option> table_of(const hcd_up_params &) { return up_options(); }

template <typename T, typename Struct>
auto &at(Struct &object, size_t offset) {
  using Byte = std::conditional_t<std::is_const_v<Struct>, const char, char>;
  using Field = std::conditional_t<std::is_const_v<Struct>, const T, T>;
  return *reinterpret_cast<Field *>(reinterpret_cast<Byte *>(&object) + offset);
}

// Calls `work` with a value of the type of the option's field, if it has one.
template <typename Work>
void with_type(const Option &option, const Work &work) {
  switch (option.type) {
    case Type::kText:
      return work(static_cast<const char *>(nullptr));
    case Type::kInt:
      return work(int{});
    case Type::kInt64:
      return work(int64_t{});
    case Type::kNumber:
      return work(double{});
    case Type::kSize:
    case Type::kRetired:
      return;
  }
}

// ---- texts ----

// "a, b or c"
std::string list_text(const std::vector<std::string> &names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  return text;
}

std::string words_text(const Option &option) {
  // The kernels are too many to name each.
  if (std::strcmp(option.name, "start") == 0) {
    return "auto, area, or a linear client's name as bicubic or lanczos";
  }
  std::vector<std::string> words;
  for (const char *word : option.words) {
    if (word) words.emplace_back(word);
  }
  return list_text(words);
}

bool may_be_auto(const Option &option) { return option.number == HCD_AUTO; }

bool fits(const Option &option, double value) {
  return value >= option.min && value <= option.max;  // false for NaN
}

[[noreturn]] void refuse(const Option &option, const std::string &found) {
  const char *kind = option.type == Type::kNumber ? "a number" : "a whole number";
  throw Error(HCD_E_OPTION, format_text("option %s: expected %s%s in [%.15g, %.15g], found '%s'",
                                        option.name, may_be_auto(option) ? "auto or " : "", kind,
                                        option.min, option.max, found.c_str()));
}

// ---- one value ----

template <typename T>
T checked(const Option &option, T value) {
  const auto number = static_cast<double>(value);
  if (!(may_be_auto(option) && number == HCD_AUTO) && !fits(option, number)) {
    refuse(option, format_text("%.15g", number));
  }
  return value;
}

std::string checked(const Option &option, const char *given) {
  const std::string text = given ? given : "";
  const auto *end = std::find(option.words.begin(), option.words.end(), nullptr);
  const bool known =
      option.words[0] == nullptr || std::find(option.words.begin(), end, text) != end;
  HCD_CHECK(known, HCD_E_OPTION, "option %s: expected %s, found '%s'", option.name,
            words_text(option).c_str(), text.c_str());
  return text;
}

void read(const Option &, const char *text, const char *&value) { value = text; }

template <typename T>
void read(const Option &option, const char *text, T &value) {
  if (may_be_auto(option) && std::strcmp(text, "auto") == 0) {
    value = static_cast<T>(HCD_AUTO);
    return;
  }
  const char *first = text, *last = text + std::strlen(text);
  if (*first == '+' && first[1] != '-') ++first;
  const auto [end, error] = std::from_chars(first, last, value);
  const bool parsed = end == last && error == std::errc();
  if (!parsed || !fits(option, static_cast<double>(value))) refuse(option, text);
}

// ---- all of them ----

template <typename Params>
void set_all_defaults(Params &params) {
  for (const Option &option : table_of(params)) {
    with_type(option, [&](auto value) {
      if constexpr (std::is_same_v<decltype(value), const char *>) {
        at<const char *>(params, option.given) = option.text;
      } else {
        at<decltype(value)>(params, option.given) = static_cast<decltype(value)>(option.number);
      }
    });
  }
}

template <typename Params>
void set_one(Params &params, const char *key, const char *value) {
  std::string names;
  for (const Option &option : table_of(params)) {
    if (!option.has_value()) continue;
    names.append(names.empty() ? "" : ", ").append(option.name);
    if (std::strcmp(option.name, key) != 0) continue;
    return with_type(option, [&](auto read_value) {
      const size_t end = option.given + sizeof(read_value);
      HCD_CHECK(end <= params.struct_size, HCD_E_OPTION,
                "option %s: expected a struct of %zu bytes or more, found %zu: the program was "
                "built with the header of an older libhcd",
                option.name, end, params.struct_size);
      read(option, value, read_value);
      at<decltype(read_value)>(params, option.given) = read_value;
    });
  }
  throw Error(HCD_E_OPTION,
              format_text("unknown option '%s': expected one of %s", key, names.c_str()));
}

template <typename Settings, typename Params>
Settings make_all(const Params &params) {
  Settings settings;
  for (const Option &option : table_of(params)) {
    if (option.type == Type::kRetired) {
      const double value = at<double>(params, option.given);
      HCD_CHECK(value == 0 || value == HCD_AUTO, HCD_E_OPTION,
                "option %s: expected 0 or auto, since this libhcd has it no more, found %g",
                option.name, value);
    }
    with_type(option, [&](auto value) {
      value = at<decltype(value)>(params, option.given);
      at<Kept<decltype(value)>>(settings, option.kept) = checked(option, value);
    });
  }
  return settings;
}

}  // namespace

std::span<const Option> down_options() { return {kDown.rows.data(), kDown.count}; }
std::span<const Option> up_options() { return {kUp.rows.data(), kUp.count}; }

void set_defaults(hcd_down_params &params) { set_all_defaults(params); }
void set_defaults(hcd_up_params &params) { set_all_defaults(params); }

void set_option(hcd_down_params &params, const char *key, const char *value) {
  set_one(params, key, value);
}
void set_option(hcd_up_params &params, const char *key, const char *value) {
  set_one(params, key, value);
}

DownSettings make_settings(const hcd_down_params &params) { return make_all<DownSettings>(params); }
UpSettings make_settings(const hcd_up_params &params) { return make_all<UpSettings>(params); }

void set_running(DownSettings &settings, const char *key, const char *value) {
  std::vector<std::string> names;
  for (const Option &option : down_options()) {
    if (!option.runtime) continue;
    names.emplace_back(option.name);
    if (names.back() != key) continue;
    return with_type(option, [&](auto read_value) {
      read(option, value, read_value);
      at<Kept<decltype(read_value)>>(settings, option.kept) = read_value;
    });
  }
  throw Error(HCD_E_OPTION, format_text("option '%s' cannot change while frames flow: expected %s",
                                        key, list_text(names).c_str()));
}

}  // namespace hcd::options
