// SPDX-License-Identifier: BSD-2-Clause
// The subcommand models: what clients there are.
#pragma once

#include <string>

namespace hcd::tools {

enum class ModelsFormat { kLines, kLong, kJson };

struct ModelsArguments {
  ModelsFormat format = ModelsFormat::kLines;
  std::string check;  // a weight file; "": none
  std::string model, scale;
};

// Prints one model a line, name first; or the networks with their figures, one line a scale; or a
// JSON array with all that is known. With a file to check: loads it as the network that it is said
// to be of, and prints nothing. Throws ToolError where names, shapes or sizes do not fit.
void run_models(const ModelsArguments &arguments);

}  // namespace hcd::tools
