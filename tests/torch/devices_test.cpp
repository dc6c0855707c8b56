// SPDX-License-Identifier: BSD-2-Clause
// The order in which devices are asked for must not matter. The back ends and the driver are fakes:
// see fake_backend.cpp.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "base/error.h"
#include "client/network.h"
#include "support/temporary.h"

namespace hcd::client {
namespace {

std::string answer(const std::string &path, const std::string &device) {
  try {
    load_network({"torchscript", path, device}, Log());
  } catch (const Error &error) {
    return error.what();
  }
  return "nothing";
}

TEST(Devices, CudaMayComeAfterACpuNetwork) {
  const std::string path = test::temporary_folder() + "whole.pt";
  std::ofstream(path, std::ios::binary) << std::string("PK\x03\x04", 4) + std::string(26, '\0') +
                                               std::string("PK\x05\x06", 4) + std::string(18, '\0');
  EXPECT_EQ(answer(path, "cpu"), "asked to run on -1");
  // LibTorch looks for devices once: what knows CUDA was there before it.
  EXPECT_STREQ(getenv("HCD_FAKE_BACKENDS"), "cuda torch ");
  EXPECT_EQ(answer(path, "cuda"), "asked to run on 0");
  EXPECT_EQ(answer(path, "cuda:1"), "asked to run on 1");
  EXPECT_EQ(answer(path, "cuda:2"), "device=cuda:2: expected a number from 0 to 1, found 2");
  EXPECT_EQ(answer(path, "auto"), "asked to run on 0");
  EXPECT_EQ(answer(path, "cpu"), "asked to run on -1");
  EXPECT_STREQ(getenv("HCD_FAKE_BACKENDS"), "cuda torch ");  // each opened once
}

}  // namespace
}  // namespace hcd::client
