// SPDX-License-Identifier: BSD-2-Clause
// One line on standard error that is drawn over, and messages that stay.
#pragma once

#include <chrono>
#include <string>

namespace hcd {

// "1:05:09", or "5:09".
std::string duration(double seconds);

class ProgressLine {
 public:
  // Drawn at most once in so long, and only where standard error is a terminal.
  explicit ProgressLine(std::chrono::seconds interval = std::chrono::seconds(1));

  // Whether show() would draw now.
  bool due() const;
  void show(const std::string &text);
  void clear() const;
  // A message on a line of its own.
  void say(const std::string &text) const;

 private:
  using Clock = std::chrono::steady_clock;

  bool terminal_;
  std::chrono::seconds interval_;
  Clock::time_point shown_ = {};
};

}  // namespace hcd
