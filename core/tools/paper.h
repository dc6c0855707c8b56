// SPDX-License-Identifier: BSD-2-Clause
// The subcommand paper: the paper's tables and figures, measured here.
#pragma once

#include "tools/options.h"

#include <string>
#include <vector>

namespace hcd::tools {

struct PaperArguments {
  std::vector<int> tables;          // of 1, 2, 3
  std::vector<int> figures;         // of 2, 5, 6, 7, 8
  std::vector<std::string> sets;    // folders of PNG pictures
  std::string weights;              // folder of <model>_x<scale>.safetensors, or ""
  std::vector<std::string> models;  // empty: see PaperInput
  std::string output;               // folder
  int scale = 4;
  int jobs = 1;         // pictures at a time
  int n_pictures = 3;   // of the first set, for all but table 1; 0: all of them
  OptionTexts options;  // of every cell: device, latent, seed, threads, tile
};

// The options of hcd_down that the caller may choose; the others are the experiments'.
std::vector<OptionInfo> paper_options();

// Writes paper.md, a CSV for each table and figure and a PNG for each figure to the output folder;
// what was computed stays in its folder "cache". Throws ToolError where that cannot be done; at the
// end, too, where a cell has failed or a figure could not be drawn: then all else is there.
void run_paper(const PaperArguments &arguments);

}  // namespace hcd::tools
