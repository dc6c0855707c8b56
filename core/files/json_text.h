// SPDX-License-Identifier: BSD-2-Clause
// JSON texts of unknown origin, before they are parsed.
#pragma once

#include <string_view>

namespace hcd::files {

inline constexpr size_t kMaxConfigBytes = 8192;
inline constexpr int kMaxConfigLevels = 8;

// Whether lists and objects lie in each other deeper than `levels`. A parsed text is copied and
// printed by functions that call themselves for each level, so its depth must not be the file's
// choice.
inline bool nests_deeper(std::string_view json, int levels) {
  int level = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '[' || c == '{')) {
      if (++level > levels) return true;
    } else if (!in_string && (c == ']' || c == '}')) {
      --level;
    }
  }
  return false;
}

}  // namespace hcd::files
