// SPDX-License-Identifier: BSD-2-Clause
// The hcd command.
#include "base/atomic_file.h"
#include "base/error.h"
#include "tools/command_line.h"
#include "tools/convert.h"
#include "tools/error.h"
#include "tools/evaluate.h"
#include "tools/models.h"
#include "tools/program.h"
#include "tools/terminal.h"

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>

namespace hcd::tools {
namespace {

void run(const CommandLine &line) {
  switch (line.command) {
    case CommandLine::Command::kModels:
      return run_models(line.models);
    case CommandLine::Command::kDown:
      return run_down(line.convert);
    case CommandLine::Command::kUp:
      return run_up(line.convert);
    case CommandLine::Command::kEvaluate:
      return run_evaluate(line.evaluate);
  }
}

// A full disk behind standard output must not go unnoticed.
void finish_output() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    throw file_error("standard output", "cannot write", errno);
  }
}

int run_main(int argc, char **argv) {
  remove_unfinished_file_on_signals();
  const PointLocale point;  // whatever a library of this process has chosen
  try {
    if (is_program(argc, argv)) run_program(argv);
    int exit_code = 0;
    const std::optional<CommandLine> line = parse_command_line(argc, argv, &exit_code);
    if (!line) return exit_code;
    run(*line);
    finish_output();
    return 0;
  } catch (const std::bad_alloc &) {
    print_message("out of memory");
  } catch (const std::exception &error) {
    print_message(error.what());
  }
  return kExitError;
}

}  // namespace
}  // namespace hcd::tools

int main(int argc, char **argv) { return hcd::tools::run_main(argc, argv); }
