// SPDX-License-Identifier: BSD-2-Clause
// The subcommand evaluate: PSNR-Y and SSIM of a set of pictures, plain and with HCD.
#pragma once

#include "tools/options.h"

#include <string>

namespace hcd::tools {

struct EvaluateArguments {
  std::string set;      // folder or PNG file
  OptionTexts options;  // of hcd_down; the client gets those that hcd_up knows too
  bool json = false;
  bool verbose = false;
};

// Prints the scores to standard output. By the literature's protocol: the picture is cropped to a
// multiple of the scale; made small and enlarged as 8-bit R'G'B' (or gray, full range); compared in
// BT.601 luma of 16 to 235, not rounded, `scale` pixels cut on each side, peak 255. A network that
// does not take R'G'B' gets the luma rounded to 8 bits. Several clients (model=a+b): the mean over
// them. Throws ToolError.
void run_evaluate(const EvaluateArguments &arguments);

}  // namespace hcd::tools
