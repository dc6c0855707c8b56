// SPDX-License-Identifier: BSD-2-Clause
// JSON that remembers on which line each key stands, for messages that a person can act on.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace hcd::train {

struct JsonWithLines {
  nlohmann::json value;
  std::map<std::string, int> lines;  // "loss_weights.forward" to the line of this key, from 1
};

// Parses JSON with // and /* */ comments. Throws HCD_E_FILE, "<name>:<line>: ...", where it is
// malformed or a key of one object is given twice.
JsonWithLines parse_json_with_lines(const std::string &text, const std::string &name);

}  // namespace hcd::train
