// SPDX-License-Identifier: BSD-2-Clause
// The subcommands down and up: pictures in, pictures out.
#pragma once

#include "tools/options.h"

#include <string>

namespace hcd::tools {

struct ConvertArguments {
  std::string input;   // folder or PNG file
  std::string output;  // folder
  OptionTexts options;
  bool verbose = false;
};

// Both stop at the first picture that fails; what was written before stays. Throw ToolError.
void run_down(const ConvertArguments &arguments);
void run_up(const ConvertArguments &arguments);

}  // namespace hcd::tools
