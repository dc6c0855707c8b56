// SPDX-License-Identifier: BSD-2-Clause
// Files that appear whole or not at all: see the header.
#include "tools/output_file.h"

#include "tools/error.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <filesystem>

namespace hcd::tools {
namespace {

// The temporary file that lives, for the signal handler; it reads the path only where the flag is
// set.
char live_path[PATH_MAX];
std::atomic<bool> live_path_set = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void set_live_path(const std::string &path) {
  if (path.size() >= sizeof(live_path)) throw file_error(path, "cannot make", ENAMETOOLONG);
  path.copy(live_path, path.size());
  live_path[path.size()] = '\0';
  live_path_set = true;
}

// The handler's flags have restored the default action, which ends the process.
extern "C" void remove_and_end(int signal_number) {
  if (live_path_set) unlink(live_path);
  raise(signal_number);
}

// Writes all or returns the error number.
int write_all(int descriptor, const std::vector<uint8_t> &bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = write(descriptor, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno != EINTR) return errno;
    if (count > 0) done += size_t(count);
  }
  return 0;
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action = {};
  action.sa_handler = remove_and_end;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old = {};
    sigaction(signal_number, nullptr, &old);
    if (old.sa_handler != SIG_IGN) sigaction(signal_number, &action, nullptr);
  }
}

OutputFile::OutputFile(const std::string &path) : path_(path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  temporary_path_ = (folder / (".hcd-" + std::to_string(getpid()) + ".tmp")).string();
  set_live_path(temporary_path_);
  unlink(temporary_path_.c_str());  // of a process of the same number that was killed
  descriptor_ = open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    live_path_set = false;
    throw file_error(path_, "cannot write", errno);
  }
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (live_path_set) unlink(temporary_path_.c_str());
  live_path_set = false;
}

void OutputFile::write(const std::vector<uint8_t> &bytes) {
  if (const int error = write_all(descriptor_, bytes))
    throw file_error(path_, "cannot write", error);
  const int closed = close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) throw file_error(path_, "cannot write", errno);
}

void OutputFile::commit() {
  if (std::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    throw file_error(path_, "cannot write", errno);
  }
  live_path_set = false;
}

void write_file(const std::string &path, const std::vector<uint8_t> &bytes) {
  OutputFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace hcd::tools
