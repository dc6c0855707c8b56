// SPDX-License-Identifier: BSD-2-Clause
// hcd evaluate: the scores of a set as a table or as JSON.
#include "tools/evaluate.h"

#include "base/atomic_file.h"
#include "tools/error.h"
#include "tools/evaluator.h"
#include "tools/picture_set.h"
#include "tools/png.h"
#include "tools/scores.h"
#include "tools/terminal.h"

#include <cstdio>
#include <fstream>
#include <new>

namespace hcd::tools {
namespace {

namespace fs = std::filesystem;

// Most memory that the process has had, in MiB; 0 where /proc does not say. getrusage() would count
// that of the program that started this one.
double peak_mib() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) / 1024;  // kB
  }
  return 0;
}

void keep(const PictureTrail &trail, const std::string &stem) {
  const auto keep_one = [&](const Picture &picture, const char *which) {
    const std::string path = stem + "-" + which + ".png";
    write_atomically(path, encode_png(picture, path));
  };
  keep_one(trail.original, "original");
  keep_one(trail.small_plain, "small_plain");
  keep_one(trail.small, "small");
  keep_one(trail.large, "large");
}

}  // namespace

void run_evaluate(const EvaluateArguments &arguments) {
  Evaluator evaluator(arguments.options, arguments.verbose);
  Evaluation evaluation = {evaluator.model(), evaluator.scale(), {}};
  const bool keeps = !arguments.keep.empty();
  const std::vector<fs::path> pictures = list_pictures(arguments.set);
  for (const fs::path &picture : pictures) {
    show_progress(evaluation.pictures.size() + 1, pictures.size(), picture.filename().string());
    try {
      PictureTrail trail;
      evaluation.pictures.push_back(evaluator.evaluate(picture, keeps ? &trail : nullptr));
      if (keeps) keep(trail, (fs::path(arguments.keep) / picture.stem()).string());
    } catch (const std::bad_alloc &) {
      throw ToolError(picture.string() + ": out of memory");
    }
  }
  clear_progress();
  evaluation.peak_mib = peak_mib();
  std::fputs((arguments.json ? to_json(evaluation) : to_table(evaluation)).c_str(), stdout);
}

}  // namespace hcd::tools
