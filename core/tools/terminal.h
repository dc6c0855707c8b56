// SPDX-License-Identifier: BSD-2-Clause
// What the hcd command writes for people to standard error: a progress line and messages.
#pragma once

#include <cstddef>
#include <string>

namespace hcd::tools {

// Shows "[<number>/<count>] <name>" as the progress line, in place of the one before. Nothing where
// standard error is not a terminal.
void show_progress(size_t number, size_t count, const std::string &name);

// Removes the progress line.
void clear_progress();

// Prints "hcd: <text>" on a line of its own.
void print_message(const std::string &text);

}  // namespace hcd::tools
