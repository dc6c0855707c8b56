// SPDX-License-Identifier: BSD-2-Clause
// The same bits from any number of calling threads, and again and again.
#include <ATen/Parallel.h>
#include <dirent.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/parallel.h"
#include "support/network_error.h"
#include "support/picture.h"

namespace hcd::client {
namespace {

using test::Picture;

constexpr int kPieces = 8;
constexpr int kHeight = 96, kWidth = 112;  // large enough for LibTorch to split work over threads

// All bits that a network gives for eight tiles.
struct Bits {
  std::vector<double> errors;
  std::vector<std::vector<float>> pictures;
  bool operator==(const Bits &) const = default;
};

// `before`: what each piece does first.
template <typename Before>
Bits compute(Network &network, int threads, const Before &before) {
  Bits bits{std::vector<double>(kPieces), std::vector<std::vector<float>>(4 * kPieces)};
  const int s = network.info().scale;
  ThreadPool(threads).run(kPieces, [&](int i) {
    before();
    const Picture x = Picture::noise(3, kHeight, kWidth, static_cast<uint64_t>(i));
    const Picture y = Picture::noise(3, kHeight * s, kWidth * s, static_cast<uint64_t>(100 + i));
    Picture small(3, kHeight, kWidth), large(3, kHeight * s, kWidth * s);
    const auto keep = [&](int what, const Picture &picture) {
      bits.pictures[static_cast<size_t>(4 * i + what)] = picture.values();
    };
    ThreadPool alone(1);
    const Run run{alone, kWidth};
    network.forward(run, x.view(), 0, large.view(), nullptr);
    keep(0, large);
    bits.errors[static_cast<size_t>(i)] = test::error_and_gradient(network, run, x, y, small);
    keep(1, small);
    network.downscale(run, y.view(), small.view());
    keep(2, small);
    network.downscale_backward(run, y.view(), x.view(), large.view());
    keep(3, large);
  });
  return bits;
}
Bits compute(Network &network, int threads) {
  return compute(network, threads, [] {});
}

int running_threads() {
  int n = 0;
  DIR *tasks = opendir("/proc/self/task");
  while (const dirent *entry = readdir(tasks)) n += entry->d_name[0] != '.';
  closedir(tasks);
  return n;
}

TEST(Threads, BitsDoNotDependOnThem) {
  const auto network =
      load_network({"torchscript", HCD_TORCHSCRIPT_FILES "rgb_x2.pt", "cpu"}, Log());
  const Bits one = compute(*network, 1);
  for (const int threads : {1, 2, 4, 2}) EXPECT_TRUE(compute(*network, threads) == one) << threads;
  const auto again = load_network({"torchscript", HCD_TORCHSCRIPT_FILES "rgb_x2.pt", "cpu"}, Log());
  EXPECT_TRUE(compute(*again, 4) == one);
  const auto other = load_network({"torchscript", HCD_TORCHSCRIPT_FILES "rgb_x2.pt", "cpu"}, Log());
  Bits changed = compute(*other, 2);
  changed.pictures[5][7] = std::nextafter(changed.pictures[5][7], 1.0F);
  EXPECT_FALSE(changed == one);
}

// A program that uses LibTorch itself may have set any number of threads.
TEST(Threads, BitsDoNotDependOnLibtorchsOwn) {
  const auto network =
      load_network({"torchscript", HCD_TORCHSCRIPT_FILES "rgb_x2.pt", "cpu"}, Log());
  const Bits one = compute(*network, 1);
  for (const int own : {1, 2, 4}) {
    EXPECT_TRUE(compute(*network, 2, [own] { at::set_num_threads(own); }) == one) << own;
  }
}

// LibTorch must not start threads of its own: the caller's are all that the user allowed.
TEST(Threads, OnlyTheCallersRun) {
  const int before = running_threads();
  const auto network =
      load_network({"torchscript", HCD_TORCHSCRIPT_FILES "rgb_x2.pt", "cpu"}, Log());
  std::atomic<int> most = running_threads();
  compute(*network, 3, [&] { most = std::max(most.load(), running_threads()); });
  EXPECT_LE(most, before + 2);
}

}  // namespace
}  // namespace hcd::client
