// SPDX-License-Identifier: BSD-2-Clause
// The subcommand evaluate: see the header.
#include "tools/evaluate.h"

#include "tools/error.h"
#include "tools/evaluator.h"
#include "tools/picture_set.h"
#include "tools/scores.h"
#include "tools/terminal.h"

#include <cstdio>
#include <new>

namespace hcd::tools {

namespace fs = std::filesystem;

void run_evaluate(const EvaluateArguments &arguments) {
  Evaluator evaluator(arguments.options, arguments.verbose);
  Evaluation evaluation = {evaluator.model(), evaluator.scale(), {}};
  const std::vector<fs::path> pictures = list_pictures(arguments.set);
  for (const fs::path &picture : pictures) {
    show_progress(evaluation.pictures.size() + 1, pictures.size(), picture.filename().string());
    try {
      evaluation.pictures.push_back(evaluator.evaluate(picture));
    } catch (const std::bad_alloc &) {
      throw ToolError(picture.string() + ": out of memory");
    }
  }
  clear_progress();
  std::fputs((arguments.json ? to_json(evaluation) : to_table(evaluation)).c_str(), stdout);
}

}  // namespace hcd::tools
