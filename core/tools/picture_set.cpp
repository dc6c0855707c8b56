// SPDX-License-Identifier: BSD-2-Clause
// Which PNG files a folder holds, and the places of the results, none of which is an input.
#include "tools/picture_set.h"

#include "base/progress_line.h"
#include "tools/error.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <new>
#include <set>
#include <string>
#include <system_error>

namespace hcd::tools {
namespace {

bool is_picture(const fs::path &path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".png" && path.filename().string()[0] != '.';
}

// The place on the disk behind links, as far as it exists.
fs::path real_place(const fs::path &path) {
  std::error_code error;
  const fs::path place = fs::weakly_canonical(path, error);
  return error ? path : place;
}

}  // namespace

std::vector<fs::path> list_pictures(const fs::path &path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    throw ToolError(path.string() +
                    ": expected a folder or a PNG file, found nothing of that name");
  }
  if (!fs::is_directory(status)) return {path};
  std::vector<fs::path> pictures;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_picture(entry->path())) pictures.push_back(entry->path());
  }
  if (error) throw file_error(path.string(), "cannot read the folder", error.value());
  if (pictures.empty()) {
    throw ToolError(path.string() + ": expected PNG pictures (*.png) in the folder, found none");
  }
  std::sort(pictures.begin(), pictures.end());
  return pictures;
}

std::vector<fs::path> prepare_outputs(const std::vector<fs::path> &inputs, const fs::path &folder) {
  if (folder.empty()) throw ToolError("option -o: expected a folder, found ''");
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw file_error(folder.string(), "cannot make the folder", error.value());
  std::set<fs::path> input_places;
  for (const fs::path &input : inputs) input_places.insert(real_place(input));
  std::vector<fs::path> outputs;
  for (const fs::path &input : inputs) {
    outputs.push_back(folder / input.filename());
    if (input_places.count(real_place(outputs.back()))) {
      throw ToolError(outputs.back().string() +
                      ": the result would overwrite an input; give another folder with -o");
    }
  }
  return outputs;
}

void for_each_picture(const std::vector<fs::path> &pictures,
                      const std::function<void(size_t)> &work) {
  ProgressLine line(std::chrono::seconds(0));
  for (size_t i = 0; i < pictures.size(); ++i) {
    line.show("[" + std::to_string(i + 1) + "/" + std::to_string(pictures.size()) + "] " +
              pictures[i].filename().string());
    try {
      work(i);
    } catch (const std::bad_alloc &) {
      throw ToolError(pictures[i].string() + ": out of memory");
    }
  }
  line.clear();
}

}  // namespace hcd::tools
