// SPDX-License-Identifier: BSD-2-Clause
// What is said of a weight file that cannot be used, and of its shapes.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hcd::files {

// `text` from a file, fit for a message: "?" for all but printable ASCII, and no more than its
// first 100 bytes.
inline std::string printable(std::string_view text) {
  constexpr size_t kLongest = 100;
  std::string result(text.substr(0, kLongest));
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text.size() > kLongest ? result + "..." : result;
}

// HCD_E_FILE, "weights '<file>': <what>".
inline Error weights_error(const std::string &file, const std::string &what) {
  return Error(HCD_E_FILE, "weights '" + file + "': " + what);
}

// "1x3x64x64", of any list of numbers.
template <typename Numbers>
std::string size_text(const Numbers &shape, const char *between = "x") {
  std::string text;
  for (const auto n : shape) text.append(text.empty() ? "" : between).append(std::to_string(n));
  return text;
}

// "[64, 3, 3, 3]"
template <typename Numbers>
std::string shape_text(const Numbers &shape) {
  return std::string(1, '[').append(size_text(shape, ", ")).append(1, ']');
}

}  // namespace hcd::files
