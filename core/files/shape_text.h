// SPDX-License-Identifier: BSD-2-Clause
// Shapes of tensors in messages.
#pragma once

#include <string>

namespace hcd::files {

// "[64, 3, 3, 3]", of any list of numbers.
template <typename Numbers>
std::string shape_text(const Numbers &shape) {
  std::string text = "[";
  for (const auto n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + "]";
}

}  // namespace hcd::files
