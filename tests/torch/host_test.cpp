// SPDX-License-Identifier: BSD-2-Clause
// A host that uses LibTorch itself finds it as it was.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>
#include <thread>
#include <vector>

#include "support/network_error.h"
#include "support/picture.h"

namespace hcd::client {
namespace {

using test::Picture;

struct Seen {
  int threads = at::get_num_threads();
  bool gradients = c10::GradMode::is_enabled();
  bool nnpack = at::globalContext().userEnabledNNPACK();
  bool deterministic = at::globalContext().deterministicAlgorithms();
  bool operator==(const Seen &) const = default;
};

void use(Network &network) {
  const Picture x = Picture::noise(3, 24, 32, 1);
  const Picture y = Picture::noise(3, 48, 64, 2);
  Picture small(3, 24, 32), large(3, 48, 64);
  ThreadPool pool(1);
  network.forward({pool}, x.view(), 0, large.view(), nullptr);
  test::error_and_gradient(network, {pool}, x, y, small);
}

TEST(Host, KeepsItsLibtorch) {
  std::vector<std::string> before;
  for (char **entry = environ; *entry; ++entry) before.emplace_back(*entry);
  for (const int threads : {3, 2}) {
    at::set_num_threads(threads);
    for (const bool switches : {true, false}) {
      c10::GradMode::set_enabled(switches);
      at::globalContext().setUserEnabledNNPACK(switches);
      const Seen own;
      EXPECT_EQ(own.threads, threads);
      const auto network =
          load_network({"torchscript", HCD_TORCHSCRIPT_FILES "rgb_x2.pt", "cpu"}, Log());
      EXPECT_TRUE(Seen() == own) << "loading";
      use(*network);
      EXPECT_TRUE(Seen() == own) << "running";
      // What a thread of the host begins with.
      std::thread([threads] { EXPECT_EQ(at::get_num_threads(), threads); }).join();
    }
  }
  c10::GradMode::set_enabled(true);
  at::globalContext().setUserEnabledNNPACK(true);
  std::vector<std::string> after;
  for (char **entry = environ; *entry; ++entry) after.emplace_back(*entry);
  EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace hcd::client
