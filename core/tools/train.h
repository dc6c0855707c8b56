// SPDX-License-Identifier: BSD-2-Clause
// The subcommands train and tune: a program of their own, so that hcd needs no LibTorch.
#pragma once

namespace hcd::tools {

// Whether the command line is one of them, whose words are not for this program.
bool is_train(int argc, char **argv);

// Becomes hcd-train with the words from "train" or "tune" on. It lies beside hcd (in the build
// tree) or in
// ../libexec/hcd. Throws ToolError where it is not there, since this build has no LibTorch.
[[noreturn]] void run_train(char **argv);

}  // namespace hcd::tools
