// SPDX-License-Identifier: BSD-2-Clause
#include "tools/terminal.h"

#include "base/progress_line.h"

namespace hcd::tools {
namespace {

ProgressLine &line() {
  static ProgressLine line(std::chrono::seconds(0));
  return line;
}

}  // namespace

void show_progress(size_t number, size_t count, const std::string &name) {
  line().show("[" + std::to_string(number) + "/" + std::to_string(count) + "] " + name);
}

void clear_progress() { line().clear(); }

void print_message(const std::string &text) { line().say("hcd: " + text); }

}  // namespace hcd::tools
