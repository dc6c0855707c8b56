// SPDX-License-Identifier: BSD-2-Clause
// The command line of hcd: its subcommands, their options and their help.
#pragma once

#include "tools/convert.h"
#include "tools/evaluate.h"
#include "tools/models.h"

#include <optional>

namespace hcd::tools {

struct CommandLine {
  enum class Command { kModels, kDown, kUp, kEvaluate };
  Command command = Command::kModels;
  ModelsArguments models;
  ConvertArguments convert;  // of down and up
  EvaluateArguments evaluate;
};

// Exit codes of the command.
constexpr int kExitError = 1;
constexpr int kExitUsage = 2;

// Reads the arguments of main(). Without a result the program ends with `*exit_code`: help or the
// version was asked for, or the arguments are wrong; the text has been printed.
std::optional<CommandLine> parse_command_line(int argc, char **argv, int *exit_code);

}  // namespace hcd::tools
