// SPDX-License-Identifier: BSD-2-Clause
#include "files/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "files/weights_error.h"

namespace hcd::files {
namespace {

// Why the file cannot be mapped; "" if it can.
std::string obstacle(int descriptor, struct stat *status) {
  if (descriptor < 0 || fstat(descriptor, status) != 0) {
    return errno == ENOENT ? "no such file" : std::strerror(errno);
  }
  if (S_ISDIR(status->st_mode)) return "a folder";
  if (!S_ISREG(status->st_mode)) return "something that is not a file";
  return status->st_size == 0 ? "an empty file" : "";
}

}  // namespace

MappedFile MappedFile::open(const std::string &path, const char *kind) {
  // O_NONBLOCK: a pipe must not be waited for.
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  const std::string found = obstacle(descriptor.get(), &status);
  if (!found.empty()) {
    throw weights_error(path, "expected " + std::string(kind) + ", found " + found);
  }
  MappedFile file;
  file.size_ = static_cast<size_t>(status.st_size);
  void *address = mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, descriptor.get(), 0);
  if (address == MAP_FAILED) {
    throw weights_error(path, std::string("cannot be read: ") + std::strerror(errno));
  }
  file.bytes_ = {static_cast<const uint8_t *>(address),
                 [size = file.size_](const uint8_t *p) { munmap(const_cast<uint8_t *>(p), size); }};
  return file;
}

}  // namespace hcd::files
