// SPDX-License-Identifier: BSD-2-Clause
#include "files/weights_error.h"

#include <algorithm>

namespace hcd::files {

std::string printable(std::string_view text) {
  constexpr size_t kLongest = 100;
  std::string result(text.substr(0, kLongest));
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text.size() > kLongest ? result + "..." : result;
}

Error weights_error(const std::string &file, const std::string &what) {
  return Error(HCD_E_FILE, "weights '" + file + "': " + what);
}

}  // namespace hcd::files
