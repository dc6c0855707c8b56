// SPDX-License-Identifier: BSD-2-Clause
// Another program, run beside this one for what it writes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace hcd::train {

// Its standard output is read through this class. It gets nothing on standard input, and two files
// that are kept in memory: standard error, and descriptor 3 for what it has to say beside its
// output. No shell sees the words.
class Child {
 public:
  // words[0]: the program, looked for along PATH where it has no slash. Throws HCD_E_FILE.
  explicit Child(const std::vector<std::string> &words);
  // Ends it where it still runs.
  ~Child();
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;

  // Up to and without the end of the line. False where the output ends first.
  bool read_line(std::string *line);
  // Fills `bytes`. False where the output ends first.
  bool read(std::span<uint8_t> bytes);

  // Waits for its end. The exit code, or 128 + the number of the signal that ended it.
  int wait();
  // What it has written so far.
  std::string log() const;
  std::string notes() const;

 private:
  void end();

  pid_t id_ = -1;
  std::unique_ptr<FILE, int (*)(FILE *)> output_{nullptr, std::fclose};
  Descriptor log_, notes_;
};

}  // namespace hcd::train
