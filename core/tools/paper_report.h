// SPDX-License-Identifier: BSD-2-Clause
// The tables and figures as Markdown and CSV.
#pragma once

#include "tools/paper_exhibits.h"

#include <string>
#include <vector>

namespace hcd::tools {

// One line for each entry: exhibit's row and column, x, pictures, psnr_y, ssim, seconds, peak_mib,
// what was published, status, options (those of `hcd evaluate` for the first picture), cell (stem
// of the kept pictures, relative to the output folder).
std::string to_csv(const Exhibit &exhibit, const PaperPlan &plan);

// A page with all exhibits. `heading`: lines about the run.
std::string to_markdown(const std::vector<Exhibit> &exhibits, const PaperPlan &plan,
                        const std::vector<std::string> &heading);

}  // namespace hcd::tools
