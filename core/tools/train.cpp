// SPDX-License-Identifier: BSD-2-Clause
// The subcommands train and tune: see the header.
#include "tools/train.h"

#include "tools/error.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace hcd::tools {

namespace fs = std::filesystem;

bool is_train(int argc, char **argv) {
  return argc > 1 && (std::strcmp(argv[1], "train") == 0 || std::strcmp(argv[1], "tune") == 0);
}

void run_train(char **argv) {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  if (error) throw file_error("/proc/self/exe", "cannot read", error.value());
  const fs::path places[] = {folder / "hcd-train",
                             folder.parent_path() / "libexec" / "hcd" / "hcd-train"};
  // The environment of hcd-train, which this process becomes: OpenMP reads it before main(). On two
  // busy cores threads that spin between two calls need seven times the time.
  setenv("OMP_WAIT_POLICY", "passive", 0);
  for (const fs::path &place : places) {
    execv(place.c_str(), argv + 1);
    if (errno != ENOENT) throw file_error(place.string(), "cannot run", errno);
  }
  throw ToolError(
      std::string(argv[1]) + ": expected " + places[0].string() + " or " + places[1].string() +
      ", found neither: this hcd was built without LibTorch (scripts/setup --all builds it)");
}

}  // namespace hcd::tools
