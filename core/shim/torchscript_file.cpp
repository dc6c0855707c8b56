// SPDX-License-Identifier: BSD-2-Clause
#include "shim/torchscript_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "shim/zip.h"

namespace hcd::shim {
namespace {

// What is at `path` instead of a whole zip archive; "" if it is one.
std::string wrong_content(const std::string &path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? "no such file" : std::strerror(errno);
  }
  if (S_ISDIR(status.st_mode)) return "a folder";
  if (!S_ISREG(status.st_mode)) return "something that is not a file";
  if (status.st_size == 0) return "an empty file";
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::strerror(errno);
  // The beginning first: the file may be anything, a film too.
  char magic[4] = {};
  file.read(magic, sizeof(magic));
  if (std::memcmp(magic, "PK\x03\x04", sizeof(magic)) != 0) {
    return format_text("%lld bytes of something else", static_cast<long long>(status.st_size));
  }
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  file.seekg(0);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return file ? zip_fault(bytes) : "a file that cannot be read to its end";
}

}  // namespace

void check_torchscript_file(const std::string &path) {
  const std::string found = path.empty() ? "no file name" : wrong_content(path);
  HCD_CHECK(found.empty(), HCD_E_FILE,
            "weights '%s': expected a TorchScript file (torch.jit.save), found %s", path.c_str(),
            found.c_str());
}

}  // namespace hcd::shim
