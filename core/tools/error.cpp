// SPDX-License-Identifier: BSD-2-Clause
// The exception type of the hcd command: see the header.
#include "tools/error.h"

#include <system_error>

namespace hcd::tools {

ToolError file_error(const std::string &path, const std::string &what, int error_number) {
  return ToolError(path + ": " + what + ": " + std::generic_category().message(error_number));
}

}  // namespace hcd::tools
