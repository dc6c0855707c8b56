// SPDX-License-Identifier: BSD-2-Clause
// One line on standard error that is drawn over, and messages that stay.
#pragma once

#include <chrono>
#include <string>

namespace hcd::train {

// "1:05:09", or "5:09".
std::string duration(double seconds);

class ProgressLine {
 public:
  ProgressLine();

  // Whether show() would draw now: standard error is a terminal, the last time is a second ago.
  bool due() const;
  void show(const std::string &text);
  // A message on a line of its own.
  void say(const std::string &text) const;

 private:
  using Clock = std::chrono::steady_clock;
  void clear() const;

  bool terminal_;
  Clock::time_point shown_ = {};
};

}  // namespace hcd::train
