// SPDX-License-Identifier: BSD-2-Clause
// The subcommands that are programs of their own: train and tune, so that hcd needs no LibTorch;
// convert and paper, which are written in Python.
#pragma once

namespace hcd::tools {

// Whether the command line is one of them, whose words are not for this program.
bool is_program(int argc, char **argv);

// Becomes that program with the words from the subcommand on: hcd-train, or Python with the package
// python/hcd (scripts/hcd), which also gets the path of this program. They lie beside hcd (in the
// build tree) or in ../libexec/hcd. Python is what the environment variable HCD_PYTHON names, else
// ../venv/bin/python (of scripts/setup) where that is, else python3. Throws ToolError where
// something is not there.
[[noreturn]] void run_program(char **argv);

}  // namespace hcd::tools
