// SPDX-License-Identifier: BSD-2-Clause
// Which pictures a command works on, and where the results go.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

namespace hcd::tools {

namespace fs = std::filesystem;

// The PNG files of a folder (not of its sub-folders; names that begin with a dot are left out) in
// the order of their names, or the one file that `path` is. Throws ToolError where there is none.
std::vector<fs::path> list_pictures(const fs::path &path);

// Makes the folder where it is missing, and returns the name in it for each of `inputs`. Throws
// ToolError where that fails, or where a result would overwrite an input.
std::vector<fs::path> prepare_outputs(const std::vector<fs::path> &inputs, const fs::path &folder);

// Calls `work` with the number of each picture, from 0, and shows how far it has come. Where memory
// does not suffice, throws ToolError that names the picture.
void for_each_picture(const std::vector<fs::path> &pictures,
                      const std::function<void(size_t)> &work);

}  // namespace hcd::tools
