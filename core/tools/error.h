// SPDX-License-Identifier: BSD-2-Clause
// What the hcd command tells people on standard error, and what ends it beside the library's
// errors.
#pragma once

#include <string>
#include <system_error>

#include "base/error.h"
#include "base/progress_line.h"

namespace hcd::tools {

// main() prints "hcd: <text>" and returns 1. The text names the file or option, what was expected
// and what was found.
class ToolError : public Error {
 public:
  explicit ToolError(const std::string &text) : Error(HCD_E_OPTION, text) {}
};

// "<path>: <what>: <text of errno>".
inline ToolError file_error(const std::string &path, const std::string &what, int error_number) {
  return ToolError(path + ": " + what + ": " + std::generic_category().message(error_number));
}

// Prints "hcd: <text>" on a line of its own, in place of a progress line.
inline void print_message(const std::string &text) { ProgressLine().say("hcd: " + text); }

}  // namespace hcd::tools
