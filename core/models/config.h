// SPDX-License-Identifier: BSD-2-Clause
// Reading a model's configuration, key by key, so that a misspelt key is an error.
#pragma once

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"

namespace hcd::models {

// Usage: Config c(json, "irn"); growth = c.number("growth", 32, 1, 512); ...; c.done();
class Config {
 public:
  Config(const nlohmann::json &json, std::string model) : json_(json), model_(std::move(model)) {
    HCD_CHECK(json.is_object(), HCD_E_FILE, "configuration of %s: expected an object, found %s",
              model_.c_str(), json.type_name());
  }

  int64_t number(const char *key, int64_t fallback, int64_t min, int64_t max) {
    const std::string expected = format_text(
        "a whole number in [%lld, %lld]", static_cast<long long>(min), static_cast<long long>(max));
    return read(key, fallback, expected,
                [&](const nlohmann::json &value) { return is_whole(value, min, max); });
  }

  double real(const char *key, double fallback) {
    return read(key, fallback, "a number", std::mem_fn(&nlohmann::json::is_number));
  }

  bool flag(const char *key, bool fallback) {
    return read(key, fallback, "true or false", std::mem_fn(&nlohmann::json::is_boolean));
  }

  // A list of whole numbers of [0, 4096], at most 64.
  std::vector<int64_t> numbers(const char *key, const std::vector<int64_t> &fallback) {
    const auto is_number = [](const nlohmann::json &value) { return is_whole(value, 0, 4096); };
    return read(key, fallback, "a list of whole numbers in [0, 4096]",
                [&](const nlohmann::json &value) {
                  return value.is_array() && !value.empty() && value.size() <= 64 &&
                         std::all_of(value.begin(), value.end(), is_number);
                });
  }

  // Throws HCD_E_FILE where there are keys that nothing asked for.
  void done() const {
    for (const auto &[key, value] : json_.items()) {
      std::string known;
      for (const std::string &name : asked_) known += (known.empty() ? "" : ", ") + name;
      HCD_CHECK(asked_.contains(key), HCD_E_FILE,
                "configuration of %s: expected one of %s, found '%s'", model_.c_str(),
                known.c_str(), key.c_str());
    }
  }

 private:
  static bool is_whole(const nlohmann::json &value, int64_t min, int64_t max) {
    return value.is_number_integer() && value.get<int64_t>() >= min && value.get<int64_t>() <= max;
  }

  template <typename T, typename Fits>
  T read(const char *key, const T &fallback, const std::string &expected, const Fits &fits) {
    asked_.insert(key);
    const auto value = json_.find(key);
    if (value == json_.end()) return fallback;
    HCD_CHECK(fits(*value), HCD_E_FILE, "configuration of %s: %s: expected %s, found %s",
              model_.c_str(), key, expected.c_str(), value->dump().c_str());
    return value->get<T>();
  }

  const nlohmann::json &json_;
  std::string model_;
  std::set<std::string> asked_;
};

}  // namespace hcd::models
