// SPDX-License-Identifier: BSD-2-Clause
// The bytes of a weight file, without reading them all.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace hcd::files {

// Copies share the mapping, which lives as long as any of them.
class MappedFile {
 public:
  MappedFile() = default;

  // Throws HCD_E_FILE, "weights '<path>': expected <kind>, found ...", unless `path` is a file that
  // can be read and is not empty.
  static MappedFile open(const std::string &path, const char *kind);

  std::span<const uint8_t> bytes() const { return {bytes_.get(), size_}; }

 private:
  std::shared_ptr<const uint8_t> bytes_;
  size_t size_ = 0;
};

}  // namespace hcd::files
