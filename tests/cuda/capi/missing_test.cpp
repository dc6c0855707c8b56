// SPDX-License-Identifier: BSD-2-Clause
// What the public API says where something is missing in the whole process: each test is run by
// itself, in the environment that CMakeLists.txt gives it.
#include <dlfcn.h>

#include "cuda/capi/configured.h"

namespace hcd::test {
namespace {

using Missing = Configured;

TEST_F(Missing, NoDevice) {
  const std::string text = configure("cuda", kLarge, HCD_E_DEVICE);
  EXPECT_TRUE(text.starts_with("device=cuda: ")) << text;
  EXPECT_NE(text.find("CUDA_ERROR_NO_DEVICE"), std::string::npos) << text;
  configure("auto", kLarge, HCD_OK);
  ASSERT_FALSE(lines_.empty());
  EXPECT_TRUE(lines_[0].starts_with("3 device=auto: the CPU (")) << lines_[0];
}

TEST_F(Missing, NoDriver) {
  if (dlopen("libcuda.so.1", RTLD_NOW)) GTEST_SKIP() << "this machine has a driver";
  EXPECT_EQ(configure("cuda", kLarge, HCD_E_DEVICE),
            "device=cuda: expected a CUDA driver, found none (libcuda.so.1)");
  configure("auto", kLarge, HCD_OK);
  EXPECT_TRUE(told("3 device=auto: the CPU (expected a CUDA driver, found none (libcuda.so.1))"));
}
TEST_F(Missing, NoLibrary) {
  const std::string text = configure("cuda", kLarge, HCD_E_DEVICE);
  EXPECT_TRUE(text.starts_with("device=cuda: libhcd-cuda.so could not be opened (/nowhere/"))
      << text;
  hcd_format in = kLarge;
  in.device = HCD_DEVICE_CUDA;
  const std::string frames = configure("auto", in, HCD_E_DEVICE);
  EXPECT_TRUE(frames.starts_with("frames in CUDA memory: libhcd-cuda.so could not")) << frames;
  configure("auto", kLarge, HCD_OK);
}

}  // namespace
}  // namespace hcd::test
