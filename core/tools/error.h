// SPDX-License-Identifier: BSD-2-Clause
// The exception type of the hcd command.
#pragma once

#include <stdexcept>
#include <string>

namespace hcd::tools {

// Ends the command; main() prints "hcd: <text>" and returns 1. The text names the file or option,
// what was expected and what was found.
class ToolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// "<path>: <what>: <text of errno>".
ToolError file_error(const std::string &path, const std::string &what, int error_number);

}  // namespace hcd::tools
