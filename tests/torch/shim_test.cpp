// SPDX-License-Identifier: BSD-2-Clause
// The loader without LibTorch: files that are none, devices, a back end that is not there.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/error.h"
#include "net/network.h"

namespace hcd::net {
namespace {

std::string write_file(const char *name, const std::string &bytes) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

// A zip archive as short as there is one that begins with a file.
std::string archive() {
  return std::string("PK\x03\x04", 4) + std::string(26, '\0') + std::string("PK\x05\x06", 4) +
         std::string(18, '\0');
}

void expect_error(const std::string &path, const std::string &device, hcd_status status,
                  const std::string &text) {
  try {
    load_network({"torchscript", path, device}, Log());
    ADD_FAILURE() << text;
  } catch (const Error &error) {
    EXPECT_EQ(error.what(), text);
    EXPECT_EQ(error.status(), status);
  }
}

void expect_found(const std::string &path, const std::string &found) {
  expect_error(
      path, "cpu", HCD_E_FILE,
      "weights '" + path + "': expected a TorchScript file (torch.jit.save), found " + found);
}

TEST(Shim, RefusesWhatIsNoTorchscriptFile) {
  expect_found("", "no file name");
  expect_found(testing::TempDir() + "nothing_here.pt", "no such file");
  expect_found(testing::TempDir(), "a folder");
  expect_found("/dev/null", "something that is not a file");
  expect_found(write_file("empty.pt", ""), "an empty file");
  expect_found(write_file("short.pt", "PK"), "2 bytes of something else");
  expect_found(write_file("random.pt", std::string(1000, 'x')), "1000 bytes of something else");
  expect_found(write_file("cut.pt", archive().substr(0, 40)),
               "only its beginning (40 bytes; the copy is not complete)");
}

TEST(Shim, RefusesUnknownDevices) {
  for (const char *device :
       {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1000", "cpu:0", "CUDA"}) {
    expect_error("x.pt", device, HCD_E_OPTION,
                 std::string("device: expected auto, cpu, cuda or cuda:N, found '") + device + "'");
  }
}

// HCD_TORCH_BACKEND points to /nowhere in this program.
TEST(Shim, SaysWhatIsMissing) {
  const std::string path = write_file("whole.pt", archive());
  expect_error(path, "cpu", HCD_E_DEVICE,
               "networks need libhcd-torch.so, which could not be opened "
               "(/nowhere/libhcd-torch.so: cannot open shared object file: No such file or "
               "directory): build it with scripts/setup, or set HCD_TORCH_BACKEND to its path");
  expect_error(path, "cuda", HCD_E_DEVICE,
               "device=cuda: built without CUDA (scripts/setup --cuda)");
  expect_error(path, "cuda:2", HCD_E_DEVICE,
               "device=cuda:2: built without CUDA (scripts/setup --cuda)");
}

}  // namespace
}  // namespace hcd::net
