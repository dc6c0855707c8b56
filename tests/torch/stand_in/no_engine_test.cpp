// SPDX-License-Identifier: BSD-2-Clause
// A build with LibTorch's CUDA and without our own engine: planes stay in the host's memory, which
// is said.
#include <gtest/gtest.h>

#include "cuda/capi/configured.h"
#include "support/context.h"

namespace hcd::test {
namespace {

using NoEngine = Configured;

TEST_F(NoEngine, PlanesStayOnTheHost) {
  configure("cuda", kLarge, HCD_OK, "srcnn");
  ASSERT_FALSE(lines_.empty());
  bool said = false;
  for (const std::string &line : lines_) {
    said |= line.starts_with(
        "2 device=cuda:0: the network runs there, planes stay in the host's memory "
        "(libhcd-cuda.so could not be opened (/nowhere/");
  }
  EXPECT_TRUE(said) << lines_[0];

  const Options options{{"model", "srcnn"}, {"steps", "2"}, {"threads", "1"}};
  const auto made = [&](const char *device) {
    Options with = options;
    with["device"] = device;
    Down down(with, kLarge);
    Frame source(kLarge), result(down.out());
    source.fill_natural();
    down.run(source, result);
    return result;
  };
  EXPECT_TRUE(made("cuda").same_samples(made("cpu")));
}

}  // namespace
}  // namespace hcd::test
