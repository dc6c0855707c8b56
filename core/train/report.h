// SPDX-License-Identifier: BSD-2-Clause
// What a training tells: train.csv, and a progress line.
#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "base/progress_line.h"
#include "train/checkpoint.h"

namespace hcd::train {

class Report {
 public:
  // Continues `path`, without the rows after `progress.iteration`: a resumed training makes them
  // again. Throws HCD_E_FILE.
  Report(const std::string &path, int64_t iterations, const Progress &progress);

  // After each iteration: redraws the line where standard error is a terminal, once a second.
  void show(const Progress &progress);
  // A row with the means of the iterations since the last one, and a line of its own.
  void add_row(const Progress &progress, double psnr, double learning_rate);
  // A message on a line of its own.
  void say(const std::string &text) const { shown_.say(text); }

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(const Progress &progress) const;

  std::string path_;
  int64_t iterations_, first_;
  double psnr_ = 0;  // the last one; 0: none yet
  ProgressLine shown_;
  Clock::time_point start_ = Clock::now();
  std::unique_ptr<FILE, int (*)(FILE *)> file_;
};

}  // namespace hcd::train
