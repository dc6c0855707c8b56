// SPDX-License-Identifier: BSD-2-Clause
#include "train/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

#include "base/error.h"

namespace hcd::train {
namespace {

constexpr int kNotes = 3;  // the child's descriptor

Descriptor memory_file(const char *name) {
  Descriptor file(memfd_create(name, MFD_CLOEXEC));
  HCD_CHECK(file.get() >= 0, HCD_E_INTERNAL, "cannot make a file in memory: %s",
            std::strerror(errno));
  return file;
}

std::string contents(const Descriptor &descriptor) {
  const int file = descriptor.get();
  std::string text(static_cast<size_t>(lseek(file, 0, SEEK_END)), '\0');
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t count =
        pread(file, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  text.resize(done);
  return text;
}

}  // namespace

Child::Child(const std::vector<std::string> &words)
    : log_(memory_file("log")), notes_(memory_file("notes")) {
  int ends[2];
  HCD_CHECK(pipe2(ends, O_CLOEXEC) == 0, HCD_E_FILE, "cannot make a pipe: %s",
            std::strerror(errno));
  Descriptor output(ends[0]);
  const Descriptor input(ends[1]);
  std::vector<char *> arguments;
  for (const std::string &word : words) arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, log_.get(), STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, notes_.get(), kNotes);
  const int error = posix_spawnp(&id_, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  HCD_CHECK(error == 0, HCD_E_FILE, "%s: cannot run: %s", arguments[0], std::strerror(error));
  output_.reset(fdopen(output.get(), "rb"));
  if (output_) {
    output.release();
    return;
  }
  end();
  throw std::bad_alloc();
}

Child::~Child() { end(); }

void Child::end() {
  output_.reset();
  if (id_ <= 0) return;
  kill(id_, SIGKILL);
  while (waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool Child::read_line(std::string *line) {
  line->clear();
  for (int c = std::getc(output_.get()); c != EOF; c = std::getc(output_.get())) {
    if (c == '\n') return true;
    line->push_back(static_cast<char>(c));
  }
  return false;
}

bool Child::read(std::span<uint8_t> bytes) {
  return std::fread(bytes.data(), 1, bytes.size(), output_.get()) == bytes.size();
}

int Child::wait() {
  int status = 0;
  while (waitpid(id_, &status, 0) < 0) {
    HCD_CHECK(errno == EINTR, HCD_E_INTERNAL, "cannot wait for a program: %s",
              std::strerror(errno));
  }
  id_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Child::log() const { return contents(log_); }
std::string Child::notes() const { return contents(notes_); }

}  // namespace hcd::train
