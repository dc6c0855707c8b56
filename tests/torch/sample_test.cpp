// SPDX-License-Identifier: BSD-2-Clause
// samples/export_torchscript.py: what it writes can be loaded.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "client/network.h"

namespace hcd::client {
namespace {

TEST(Sample, ExportsAPair) {
  const std::string file = HCD_TORCHSCRIPT_FILES "exported.pt", output = file + ".txt";
  const std::string command = "PYTHONPATH='" HCD_PYTHONPATH "' '" HCD_PYTHON "' '" HCD_SAMPLE
                              "' '" +
                              file + "' > '" + output + "' 2>&1";
  const int status = std::system(command.c_str());
  std::ifstream stream(output);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  // Python's half of the wheel needs the CUDA libraries that a CPU-only installation leaves out.
  if (status != 0 && text.find("Error: ") != std::string::npos &&
      (text.find("No module named") != std::string::npos ||
       text.find("cannot open shared object file") != std::string::npos)) {
    GTEST_SKIP() << "PyTorch cannot be imported: " << text.substr(text.rfind("Error: ") + 7);
  }
  ASSERT_EQ(status, 0) << text;
  const NetworkInfo info = load_network({"torchscript", file, "cpu"}, Log())->info();
  EXPECT_EQ(info.name, "tiny");
  EXPECT_EQ(info.scale, 2);
  EXPECT_TRUE(info.has_downscale);
}

}  // namespace
}  // namespace hcd::client
