// SPDX-License-Identifier: BSD-2-Clause
// The subcommands that are programs of their own: where they lie, and how this process becomes one.
#include "tools/commands.h"
#include "tools/error.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace hcd::tools {
namespace {

namespace fs = std::filesystem;

fs::path own_path() {
  std::error_code error;
  fs::path path = fs::read_symlink("/proc/self/exe", error);
  if (error) throw file_error("/proc/self/exe", "cannot read", error.value());
  return path;
}

// `name` beside this program or in ../libexec/hcd. `why`: what a user without it is told.
fs::path find_part(const std::string &command, const std::string &name, const std::string &why) {
  const fs::path folder = own_path().parent_path();
  const fs::path places[] = {folder / name, folder.parent_path() / "libexec" / "hcd" / name};
  for (const fs::path &place : places) {
    if (fs::exists(place)) return place;
  }
  throw ToolError(command + ": expected " + places[0].string() + " or " + places[1].string() +
                  ", found neither: " + why);
}

std::string find_python() {
  const char *chosen = std::getenv("HCD_PYTHON");
  if (chosen && *chosen) return chosen;
  const fs::path own = own_path().parent_path().parent_path() / "venv" / "bin" / "python";
  return fs::exists(own) ? own.string() : "python3";
}

// Becomes the program that `words` begin with, looked for on the PATH where it is a bare name.
// Returns where that fails, with errno set.
void become(std::vector<std::string> words, char **more) {
  std::vector<char *> pointers;
  pointers.reserve(words.size());
  for (std::string &word : words) pointers.push_back(word.data());
  for (; *more; ++more) pointers.push_back(*more);
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
}

}  // namespace

void run_if_program(char **argv) {
  if (!argv[0] || !argv[1]) return;
  const std::string command = argv[1];
  const bool in_python = command == "convert" || command == "paper";
  if (!in_python && command != "train" && command != "tune") return;
  if (in_python) {
    const fs::path package = find_part(command, "python/hcd", "install hcd as a whole");
    const std::string python = find_python();
    become({python, "-B", package.string(), own_path().string()}, argv + 1);
    throw file_error(command + ": Python 3 at '" + python + "' (HCD_PYTHON names another)",
                     "cannot run", errno);
  }
  const fs::path trainer = find_part(
      command, "hcd-train", "this hcd was built without LibTorch (scripts/setup --all builds it)");
  // The environment of hcd-train, which this process becomes: OpenMP reads it before main(). On two
  // busy cores threads that spin between two calls need seven times the time.
  setenv("OMP_WAIT_POLICY", "passive", 0);
  execv(trainer.c_str(), argv + 1);  // its argv[0] is the word that says which command it is
  throw file_error(trainer.string(), "cannot run", errno);
}

}  // namespace hcd::tools
