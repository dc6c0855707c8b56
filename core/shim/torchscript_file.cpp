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
constexpr long long kZipEndSize = 22;
constexpr long long kMaxComment = 65535;

std::string read_part(std::ifstream &file, long long offset, long long size) {
  std::string part(static_cast<size_t>(size), '\0');
  file.seekg(offset);
  file.read(part.data(), size);
  part.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return part;
}

// What is at `path` instead of a zip archive; "" if it is one.
std::string wrong_content(const std::string &path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? "no such file" : std::strerror(errno);
  }
  if (S_ISDIR(status.st_mode)) return "a folder";
  if (!S_ISREG(status.st_mode)) return "something that is not a file";
  const long long size = status.st_size;
  if (size == 0) return "an empty file";
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::strerror(errno);
  if (read_part(file, 0, std::min<long long>(size, 4)) != kZipStart) {
    return format_text("%lld bytes of something else", size);
  }
  const long long tail = std::min(size, kZipEndSize + kMaxComment);
  if (read_part(file, size - tail, tail).rfind(kZipEnd) == std::string::npos) {
    return format_text("only its beginning (%lld bytes; the copy is not complete)", size);
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
