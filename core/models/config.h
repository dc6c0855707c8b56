// SPDX-License-Identifier: BSD-2-Clause
// Reading a model's configuration, key by key, so that a misspelt key is an error.
#pragma once

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
    const nlohmann::json *value = find(key);
    if (!value) return fallback;
    HCD_CHECK(
        value->is_number_integer() && value->get<int64_t>() >= min && value->get<int64_t>() <= max,
        HCD_E_FILE, "configuration of %s: %s: expected a whole number in [%lld, %lld], found %s",
        model_.c_str(), key, static_cast<long long>(min), static_cast<long long>(max),
        value->dump().c_str());
    return value->get<int64_t>();
  }

  double real(const char *key, double fallback) {
    const nlohmann::json *value = find(key);
    if (!value) return fallback;
    HCD_CHECK(value->is_number(), HCD_E_FILE,
              "configuration of %s: %s: expected a number, found %s", model_.c_str(), key,
              value->dump().c_str());
    return value->get<double>();
  }

  // A list of whole numbers of [0, 4096], at most 64.
  std::vector<int64_t> numbers(const char *key, std::vector<int64_t> fallback) {
    const nlohmann::json *value = find(key);
    if (!value) return fallback;
    bool fits = value->is_array() && !value->empty() && value->size() <= 64;
    std::vector<int64_t> result;
    for (size_t i = 0; fits && i < value->size(); ++i) {
      fits = (*value)[i].is_number_integer() && (*value)[i].get<int64_t>() >= 0 &&
             (*value)[i].get<int64_t>() <= 4096;
      if (fits) result.push_back((*value)[i].get<int64_t>());
    }
    HCD_CHECK(fits, HCD_E_FILE,
              "configuration of %s: %s: expected a list of whole numbers in [0, 4096], found %s",
              model_.c_str(), key, value->dump().c_str());
    return result;
  }

  bool flag(const char *key, bool fallback) {
    const nlohmann::json *value = find(key);
    if (!value) return fallback;
    HCD_CHECK(value->is_boolean(), HCD_E_FILE,
              "configuration of %s: %s: expected true or false, found %s", model_.c_str(), key,
              value->dump().c_str());
    return value->get<bool>();
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
  const nlohmann::json *find(const char *key) {
    asked_.insert(key);
    const auto entry = json_.find(key);
    return entry == json_.end() ? nullptr : &*entry;
  }

  const nlohmann::json &json_;
  std::string model_;
  std::set<std::string> asked_;
};

}  // namespace hcd::models
