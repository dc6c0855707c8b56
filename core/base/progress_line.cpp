// SPDX-License-Identifier: BSD-2-Clause
#include "base/progress_line.h"

#include <unistd.h>

#include <cstdio>

#include "base/error.h"

namespace hcd {

std::string duration(double seconds) {
  const auto total = static_cast<long long>(seconds);
  return total >= 3600
             ? format_text("%lld:%02lld:%02lld", total / 3600, total / 60 % 60, total % 60)
             : format_text("%lld:%02lld", total / 60, total % 60);
}

ProgressLine::ProgressLine(std::chrono::seconds interval)
    : terminal_(isatty(STDERR_FILENO) == 1), interval_(interval) {}

bool ProgressLine::due() const { return terminal_ && Clock::now() - shown_ >= interval_; }

void ProgressLine::show(const std::string &text) {
  if (!due()) return;
  shown_ = Clock::now();
  clear();
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

void ProgressLine::say(const std::string &text) const {
  clear();
  std::fprintf(stderr, "%s\n", text.c_str());
}

void ProgressLine::clear() const {
  if (terminal_) std::fputs("\r\033[K", stderr);  // ECMA-48: erase to the end of the line
}

}  // namespace hcd
