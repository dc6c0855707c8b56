// SPDX-License-Identifier: BSD-2-Clause
// Files that appear whole or not at all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hcd::tools {

// Makes SIGINT, SIGTERM and SIGHUP remove the temporary file of the OutputFile that lives, before
// they end the process.
void install_signal_handlers();

// Writes `path` through a temporary file in the same folder. One object at a time.
class OutputFile {
 public:
  // Makes the temporary file, so that an unwritable folder is known before the work is done. Throws
  // ToolError.
  explicit OutputFile(const std::string &path);

  // Removes the temporary file, unless commit() has renamed it.
  ~OutputFile();

  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  // Writes everything, still under the temporary name. Throws ToolError.
  void write(const std::vector<uint8_t> &bytes);
  const std::string &temporary_path() const { return temporary_path_; }

  // Gives the file its name; an older file of that name is replaced. Throws ToolError.
  void commit();
  // Both at once.
  void commit(const std::vector<uint8_t> &bytes) {
    write(bytes);
    commit();
  }

 private:
  std::string path_;
  std::string temporary_path_;
  int descriptor_ = -1;
};

// Writes a file that appears whole or not at all. Throws ToolError.
void write_file(const std::string &path, const std::vector<uint8_t> &bytes);

}  // namespace hcd::tools
