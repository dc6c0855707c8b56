// SPDX-License-Identifier: BSD-2-Clause
// Files that are there whole or not at all, whenever the process or the machine stops.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/descriptor.h"

namespace hcd {

// From now on SIGINT, SIGTERM and SIGHUP remove the temporary file of the AtomicFile that lives,
// before they end the process.
void remove_unfinished_file_on_signals();

// A file under a temporary name in the folder that it is meant for. One object at a time. All of it
// throws HCD_E_FILE.
class AtomicFile {
 public:
  // Makes the temporary file, so that an unwritable folder is known before the work is done.
  explicit AtomicFile(const std::string &path);

  // Removes the temporary file, unless commit() has renamed it.
  ~AtomicFile();

  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  void write(std::span<const uint8_t> bytes) const;

  // Flushes it to the disk and gives it its name; an older file stays until then.
  void commit();

 private:
  void check(bool good) const;

  std::string path_;
  Descriptor descriptor_;
};

void write_atomically(const std::string &path, std::span<const uint8_t> bytes);

}  // namespace hcd
