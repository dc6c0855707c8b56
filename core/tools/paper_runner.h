// SPDX-License-Identifier: BSD-2-Clause
// Computes cells, each in a child process, and keeps what is done.
#pragma once

#include "tools/paper_cell.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hcd::tools {

struct CellOutcome {
  std::optional<CellResult> result;
  std::string error;  // where there is no result
};

// Results of `cells`, in their order: those that `cache` has, and the others computed, `jobs` at a
// time; each goes to `cache` as soon as it is there, so that a run that was killed goes on where it
// stopped. A child process for each cell makes its peak of memory its own, and a cell that fails
// (out of memory, killed) loses no other. Progress and remaining time go to standard error. Throws
// ToolError where the cache cannot be written.
std::vector<CellOutcome> run_cells(const std::vector<Cell> &cells,
                                   const std::filesystem::path &cache, int jobs);

}  // namespace hcd::tools
