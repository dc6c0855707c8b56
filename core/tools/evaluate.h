// SPDX-License-Identifier: BSD-2-Clause
// The subcommand evaluate: PSNR-Y and SSIM of a set of pictures, plain and with HCD.
#pragma once

#include "tools/options.h"

#include <string>

namespace hcd::tools {

struct EvaluateArguments {
  std::string set;      // folder or PNG file
  OptionTexts options;  // of hcd_down; the client gets those that hcd_up knows too
  std::string keep;     // folder for the pictures behind the scores, or ""
  bool json = false;
  bool verbose = false;
};

// Prints the scores to standard output, by the protocol of Evaluator. Throws ToolError.
void run_evaluate(const EvaluateArguments &arguments);

}  // namespace hcd::tools
