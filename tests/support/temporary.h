// SPDX-License-Identifier: BSD-2-Clause
// Where tests put files: tests run beside each other, and beside those of the sanitizers.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace hcd::test {

// A folder of this process alone, with a slash at the end; removed when the process ends.
inline const std::string &temporary_folder() {
  struct Folder {
    Folder() : path(testing::TempDir() + "hcd_test_XXXXXX") {
      if (!mkdtemp(path.data())) abort();
      path += '/';
    }
    ~Folder() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;
    std::string path;
  };
  static const Folder folder;
  return folder.path;
}

}  // namespace hcd::test
