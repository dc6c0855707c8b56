// SPDX-License-Identifier: BSD-2-Clause
// Who waits for whom on a GPU: tiles of one network take turns, networks do not.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "client/network.h"
#include "conformance/wrong_engine.h"
#include "support/picture.h"

namespace hcd::client {
namespace {

using test::Picture;

// How many threads are inside of a network's tiles, where pictures become tensors.
class Meeting {
 public:
  // Of a tile that waits for another one: until both are inside, or a time has passed.
  bool wait_for_both() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++inside_;
    changed_.notify_all();
    met_ = changed_.wait_for(lock, patience_, [&] { return inside_ == 2 || met_; }) || met_;
    --inside_;
    return met_;
  }
  explicit Meeting(std::chrono::milliseconds patience) : patience_(patience) {}
  bool met() const { return met_; }

 private:
  std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool met_ = false;
};

// The host's memory, treated as a device's: a right one of wrong engines.
class MeetingEngine : public conformance::WrongEngine {
 public:
  MeetingEngine(ThreadPool &pool, Meeting &meeting) : WrongEngine(pool, ""), meeting_(meeting) {}
  bool on_host() const override { return false; }
  void copy(ConstPlane from, Plane to) override { WrongEngine::copy(from, to); }
  void copy(ConstVector from, Vector to) override {
    meeting_.wait_for_both();
    WrongEngine::copy(from, to);
  }

 private:
  Meeting &meeting_;
};

std::shared_ptr<Network> open(const std::string &device) {
  return load_network({"torchscript", HCD_TORCHSCRIPT_FILES "luma_x2.pt", device, 0,
                       Latent::kDefault, Precision::kAuto, nullptr},
                      Log());
}

// Whether two threads are inside at once.
bool meet(Network &one, Network &other, std::chrono::milliseconds patience) {
  Meeting meeting(patience);
  const auto run = [&](Network &network) {
    ThreadPool pool(1);
    MeetingEngine engine(pool, meeting);
    const Picture x = Picture::noise(1, 20, 28, 1);
    Picture shown(1, 40, 56);
    network.forward(run_on(engine, 100), x.view(), 0, shown.view(), nullptr);
  };
  std::thread thread([&] { run(other); });
  run(one);
  thread.join();
  return meeting.met();
}

TEST(Turns, NetworksDoNotWaitForEachOther) {
  EXPECT_TRUE(meet(*open("cuda"), *open("cuda"), std::chrono::minutes(1)));
}
TEST(Turns, TilesOfOneNetworkTakeThem) {
  const auto network = open("cuda");
  EXPECT_FALSE(meet(*network, *network, std::chrono::milliseconds(100)));
}
TEST(Turns, ThereAreNoneOnTheCpu) {
  const auto network = open("cpu");
  EXPECT_TRUE(meet(*network, *network, std::chrono::minutes(1)));
}

}  // namespace
}  // namespace hcd::client
