// SPDX-License-Identifier: BSD-2-Clause
// Draws figures by the script paper_plots.py: see the header.
#include "tools/paper_plots.h"

#include "tools/error.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace hcd::tools {
namespace {

namespace fs = std::filesystem;

// Installed: bin/hcd and share/hcd/; in a build tree beside the command.
fs::path find_script() {
  std::error_code error;
  const fs::path own = fs::read_symlink("/proc/self/exe", error).parent_path();
  const fs::path installed = own / "../share/hcd/paper_plots.py";
  return fs::exists(installed) ? installed : own / "paper_plots.py";
}

std::string python() {
  const char *chosen = std::getenv("HCD_PYTHON");
  return chosen && *chosen ? chosen : "python3";
}

// The exit status, or -1 where the program could not be started.
int run_program(const std::vector<std::string> &words) {
  std::vector<char *> pointers;
  for (const std::string &word : words) pointers.push_back(const_cast<char *>(word.c_str()));
  pointers.push_back(nullptr);
  pid_t process = 0;
  if (posix_spawnp(&process, pointers[0], nullptr, nullptr, pointers.data(), environ) != 0) {
    return -1;
  }
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

void draw_figures(const fs::path &folder, const std::vector<std::string> &names) {
  if (names.empty()) return;
  std::vector<std::string> words = {python(), "-B", find_script().string(), folder.string()};
  words.insert(words.end(), names.begin(), names.end());
  const int status = run_program(words);
  if (status == 0) return;
  constexpr int kNotFound = 127;  // posix_spawnp() may say it this way too
  std::string missing;
  for (const std::string &name : names) {
    if (!fs::exists(folder / (name + ".png")))
      missing += (missing.empty() ? "" : ", ") + name + ".png";
  }
  const std::string why = status == -1 || status == kNotFound
                              ? "'" + words[0] + "' cannot be started"
                              : "'" + words[0] + "' ended with " + std::to_string(status);
  throw ToolError("not drawn: " + missing + ": " + why +
                  "; install Python 3 with matplotlib and pillow, or name one that has them in the "
                  "environment variable HCD_PYTHON, and run the same command again");
}

}  // namespace hcd::tools
