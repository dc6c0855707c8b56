// SPDX-License-Identifier: BSD-2-Clause
// Draws figures by the script paper_plots.py.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace hcd::tools {

// Draws <name>.png from <name>.csv in `folder` for each of `names`, with the Python that the
// environment variable HCD_PYTHON names, or python3. Throws ToolError that says which plots are not
// there and what to install.
void draw_figures(const std::filesystem::path &folder, const std::vector<std::string> &names);

}  // namespace hcd::tools
