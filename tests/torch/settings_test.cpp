// SPDX-License-Identifier: BSD-2-Clause
// LibTorch's settings for the whole process while calls on a GPU run, several at once.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <optional>
#include <thread>
#include <vector>

#include "engine/aten/runtime.h"

namespace hcd::aten {

bool operator==(const GpuSettings &a, const GpuSettings &b) {
  return a.benchmark == b.benchmark && a.deterministic_cudnn == b.deterministic_cudnn &&
         a.deterministic == b.deterministic && a.warn_only == b.warn_only && a.fill == b.fill &&
         a.precision == b.precision;
}

namespace {

constexpr auto kIeee = at::Float32Precision::IEEE, kTf32 = at::Float32Precision::TF32;

// A host that wants nothing of what we want, and one that wants part of it.
const GpuSettings kHosts[] = {{true, false, false, false, true, {kTf32, kTf32, kTf32}},
                              {false, true, true, false, true, {kIeee, kTf32, kIeee}}};

class Settings : public testing::TestWithParam<GpuSettings> {
 protected:
  void SetUp() override {
    GetParam().set();
    ASSERT_TRUE(GpuSettings::now() == GetParam());
    ASSERT_FALSE(GpuSettings::ours() == GetParam());
  }
  void TearDown() override { before_.set(); }

  const GpuSettings before_ = GpuSettings::now();
};

TEST_P(Settings, AreOursFromTheFirstCallToTheLast) {
  std::optional<CallScope> first(std::in_place, true, false), second;
  EXPECT_TRUE(GpuSettings::now() == GpuSettings::ours());
  second.emplace(true, true);
  first.reset();  // not the last one that began
  EXPECT_TRUE(GpuSettings::now() == GpuSettings::ours());
  second.reset();
  EXPECT_TRUE(GpuSettings::now() == GetParam());
}

TEST_P(Settings, StayTheHostsInCallsOnTheCpu) {
  const CallScope call(false, true);
  EXPECT_TRUE(GpuSettings::now() == GetParam());
}

// All threads are inside of calls at once: with one lock for all this would never end.
TEST_P(Settings, CallsDoNotWaitForEachOther) {
  constexpr int kThreads = 4, kRounds = 50;
  std::barrier inside(kThreads);
  std::vector<std::thread> threads;
  std::vector<int> kept(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < kRounds; ++round) {
        const CallScope call(true, round % 2 == 0);
        inside.arrive_and_wait();
        kept[static_cast<size_t>(i)] += GpuSettings::now() == GpuSettings::ours();
        inside.arrive_and_wait();  // nobody leaves, and restores, while another one looks
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(kept, std::vector<int>(kThreads, kRounds));
  EXPECT_TRUE(GpuSettings::now() == GetParam());
}

// Beginning and ending at any time.
TEST_P(Settings, AreTheHostsAgainAfterManyCalls) {
  std::vector<std::thread> threads;
  std::atomic<int> lost = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        const CallScope call(true, false);
        lost += !(GpuSettings::now() == GpuSettings::ours());
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(lost, 0);
  EXPECT_TRUE(GpuSettings::now() == GetParam());
}

INSTANTIATE_TEST_SUITE_P(Hosts, Settings, testing::ValuesIn(kHosts),
                         [](const auto &info) { return std::to_string(info.index); });

}  // namespace
}  // namespace hcd::aten
