// SPDX-License-Identifier: BSD-2-Clause
#include "base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <initializer_list>

#include "base/error.h"

namespace hcd {
namespace {

// The temporary file that lives, for the signal handler; it reads the path only where the flag is
// set.
char live_path[PATH_MAX];
std::atomic<bool> live_path_set = false;
static_assert(std::atomic<bool>::is_always_lock_free);

// The handler's flags have restored the default action, which ends the process.
extern "C" void remove_and_end(int signal_number) {
  if (live_path_set) unlink(live_path);
  raise(signal_number);
}

}  // namespace

void remove_unfinished_file_on_signals() {
  struct sigaction action = {};
  action.sa_handler = remove_and_end;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old = {};
    sigaction(signal_number, nullptr, &old);
    if (old.sa_handler != SIG_IGN) sigaction(signal_number, &action, nullptr);
  }
}

AtomicFile::AtomicFile(const std::string &path) : path_(path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const std::string temporary = (folder / (".hcd-" + std::to_string(getpid()) + ".tmp")).string();
  errno = ENAMETOOLONG;
  check(temporary.size() < sizeof(live_path));
  std::strcpy(live_path, temporary.c_str());
  live_path_set = true;
  unlink(live_path);  // of a process of the same number that was killed
  descriptor_ = Descriptor(open(live_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  live_path_set = descriptor_.get() >= 0;
  check(live_path_set);
}

AtomicFile::~AtomicFile() {
  if (live_path_set) unlink(live_path);
  live_path_set = false;
}

void AtomicFile::write(std::span<const uint8_t> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_.get(), bytes.data(), bytes.size());
    check(count >= 0 || errno == EINTR);
    if (count > 0) bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

void AtomicFile::commit() {
  check(fsync(descriptor_.get()) == 0);
  check(close(descriptor_.release()) == 0);
  check(std::rename(live_path, path_.c_str()) == 0);
  live_path_set = false;
  // The new name itself must be on the disk too.
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  const Descriptor opened(open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC));
  check(opened.get() < 0 || fsync(opened.get()) == 0);  // a folder may be closed to readers
}

void AtomicFile::check(bool good) const {
  HCD_CHECK(good, HCD_E_FILE, "%s: cannot write: %s", path_.c_str(), std::strerror(errno));
}

void write_atomically(const std::string &path, std::span<const uint8_t> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace hcd
