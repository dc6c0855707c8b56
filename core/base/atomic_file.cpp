// SPDX-License-Identifier: BSD-2-Clause
#include "base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/descriptor.h"
#include "base/error.h"

namespace hcd {
namespace {

class File {
 public:
  File(const std::string &path, int flags)
      : path_(path), descriptor_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    check(descriptor_.get() >= 0, "open");
  }

  void write_all(std::span<const uint8_t> bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = write(descriptor_.get(), bytes.data(), bytes.size());
      check(count >= 0 || errno == EINTR, "write");
      if (count > 0) bytes = bytes.subspan(static_cast<size_t>(count));
    }
  }
  void flush() const { check(fsync(descriptor_.get()) == 0, "flush"); }

 private:
  void check(bool good, const char *what) const {
    HCD_CHECK(good, HCD_E_FILE, "%s: cannot %s: %s", path_.c_str(), what, std::strerror(errno));
  }
  std::string path_;
  Descriptor descriptor_;
};

}  // namespace

void write_atomically(const std::string &path, std::span<const uint8_t> bytes) {
  const std::string part = path + ".part";
  {
    const File file(part, O_WRONLY | O_CREAT | O_TRUNC);
    file.write_all(bytes);
    file.flush();
  }
  HCD_CHECK(std::rename(part.c_str(), path.c_str()) == 0, HCD_E_FILE, "%s: cannot rename to it: %s",
            path.c_str(), std::strerror(errno));
  // The new name itself must be on the disk too.
  const std::string folder = std::filesystem::path(path).parent_path().string();
  File(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY).flush();
}

}  // namespace hcd
