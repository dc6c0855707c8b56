// SPDX-License-Identifier: BSD-2-Clause
// Which pictures a command works on, and where the results go.
#pragma once

#include <filesystem>
#include <vector>

namespace hcd::tools {

// The PNG files of a folder (not of its sub-folders; names that begin with a dot are left out) in
// the order of their names, or the one file that `path` is. Throws ToolError where there is none.
std::vector<std::filesystem::path> list_pictures(const std::filesystem::path &path);

// Makes the folder where it is missing, and returns the name in it for each of `inputs`. Throws
// ToolError where that fails, or where a result would overwrite an input.
std::vector<std::filesystem::path> prepare_outputs(const std::vector<std::filesystem::path> &inputs,
                                                   const std::filesystem::path &folder);

}  // namespace hcd::tools
