// SPDX-License-Identifier: BSD-2-Clause
// Shapes of tensors in messages.
#pragma once

#include <string>

namespace hcd::files {

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
