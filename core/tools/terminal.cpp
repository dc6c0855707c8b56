// SPDX-License-Identifier: BSD-2-Clause
// What the hcd command writes for people to standard error: see the header.
#include "tools/terminal.h"

#include <unistd.h>

#include <cstdio>

namespace hcd::tools {
namespace {

bool is_terminal() {
  static const bool result = isatty(STDERR_FILENO) == 1;
  return result;
}

constexpr char kEraseLine[] = "\r\033[K";  // ECMA-48: erase to the end of the line

}  // namespace

void show_progress(size_t number, size_t count, const std::string &name) {
  if (!is_terminal()) return;
  std::fprintf(stderr, "%s[%zu/%zu] %s", kEraseLine, number, count, name.c_str());
  std::fflush(stderr);
}

void clear_progress() {
  if (is_terminal()) std::fputs(kEraseLine, stderr);
}

void print_message(const std::string &text) {
  clear_progress();
  std::fprintf(stderr, "hcd: %s\n", text.c_str());
}

}  // namespace hcd::tools
