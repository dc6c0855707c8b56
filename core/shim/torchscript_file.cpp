// SPDX-License-Identifier: BSD-2-Clause
#include "shim/torchscript_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"

namespace hcd::shim {
namespace {

// From the zip specification (APPNOTE.TXT 4.3.7, 4.3.16): an archive begins with a local file header
// and ends with the end of central directory record, after which only a comment of at most 65535
// bytes may stand.
const std::string kZipStart("PK\x03\x04", 4);
const std::string kZipEnd("PK\x05\x06", 4);
constexpr size_t kZipEndSize = 22;
constexpr size_t kMaxComment = 65535;

std::string read_part(std::ifstream &file, size_t offset, size_t size) {
  std::string part(size, '\0');
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(part.data(), static_cast<std::streamsize>(size));
  part.resize(static_cast<size_t>(file.gcount()));
  return part;
}

// As much of the end as the end record can lie in.
std::string read_tail(std::ifstream &file, size_t file_size) {
  const size_t size = std::min(file_size, kZipEndSize + kMaxComment);
  return read_part(file, file_size - size, size);
}

// What is at `path` instead of a zip archive; "" if it is one.
std::string wrong_content(const std::string &path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? "no such file" : std::strerror(errno);
  }
  if (S_ISDIR(status.st_mode)) return "a folder";
  if (!S_ISREG(status.st_mode)) return "something that is not a file";
  const size_t size = static_cast<size_t>(status.st_size);
  if (size == 0) return "an empty file";
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::strerror(errno);
  if (read_part(file, 0, std::min<size_t>(size, 4)) != kZipStart) {
    return format_text("%zu bytes of something else", size);
  }
  const std::string tail = read_tail(file, size);
  const bool whole = tail.size() >= kZipEndSize &&
                     tail.rfind(kZipEnd, tail.size() - kZipEndSize) != std::string::npos;
  if (!whole) {
    return format_text("only its beginning (%zu bytes; the copy is not complete)", size);
  }
  return "";
}

}  // namespace

void check_torchscript_file(const std::string &path) {
  const std::string found = path.empty() ? "no file name" : wrong_content(path);
  HCD_CHECK(found.empty(), HCD_E_FILE,
            "weights '%s': expected a TorchScript file (torch.jit.save), found %s", path.c_str(),
            found.c_str());
}

}  // namespace hcd::shim
