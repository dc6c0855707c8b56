// SPDX-License-Identifier: BSD-2-Clause
// Zip archives as PyTorch writes them: entries that are stored as they are, each with a checksum.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hcd::files {

struct ZipEntry {
  enum class Form {
    kStored,
    kCompressed,
    kLarge,  // in zip64 (of 4 GiB or more); not looked for
  };
  std::string_view name;
  Form form = Form::kStored;
  std::span<const uint8_t> data;  // of a stored entry only
};

// The directory of an archive, and what is wrong with it; `fault` is "" if nothing is. The views
// point into the archive.
struct ZipDirectory {
  std::vector<ZipEntry> entries;
  bool large = false;  // the directory itself is in zip64 and was not read
  std::string fault;
};

// Whether `bytes` begin as an archive does.
bool starts_as_zip(std::span<const uint8_t> bytes);

// Reads the directory and compares the checksums of all stored entries. LibTorch itself does not
// look at them: it would run a network whose weights were damaged on the way.
ZipDirectory read_zip(std::span<const uint8_t> bytes);

}  // namespace hcd::files
