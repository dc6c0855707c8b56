// SPDX-License-Identifier: BSD-2-Clause
// JSON texts of unknown origin: how deep they may be, and where their keys stand. The header of a
// weight file, which may be large, has a reader of its own: safetensors_header.h.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace hcd::files {

// Of a network's configuration.
inline constexpr size_t kMaxConfigBytes = 8192;
inline constexpr int kMaxConfigLevels = 8;

// Whether lists and objects lie in each other deeper than `levels`. A parsed text is copied and
// printed by functions that call themselves for each level, so its depth must not be the file's
// choice.
bool nests_deeper(std::string_view json, int levels);

// Throws HCD_E_FILE, "<name>: ...", where they do.
void check_levels(std::string_view json, int levels, const std::string &name);

struct JsonWithLines {
  nlohmann::json value;
  std::map<std::string, int> lines;  // "loss_weights.forward" to the line of this key, from 1
};

// Parses JSON with // and /* */ comments. Throws HCD_E_FILE, "<name>:<line>: ...", where it is
// malformed or a key of one object is given twice.
JsonWithLines parse_json_with_lines(const std::string &text, const std::string &name);

}  // namespace hcd::files
