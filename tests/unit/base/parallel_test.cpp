// SPDX-License-Identifier: BSD-2-Clause
#include "base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>

namespace hcd {
namespace {

TEST(ThreadPool, RunsEveryPieceOnce) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    std::vector<std::atomic<int>> counts(1000);
    for (int round = 0; round < 20; ++round) {
      pool.run(1000, [&](int i) { ++counts[static_cast<size_t>(i)]; });
    }
    for (const auto &count : counts) EXPECT_EQ(count, 20);
  }
}

TEST(ThreadPool, RethrowsTheFirstFailureAndGoesOn) {
  ThreadPool pool(4);
  for (int round = 0; round < 20; ++round) {
    try {
      pool.run(100, [](int i) {
        if (i >= 40) throw std::runtime_error(std::to_string(i));
      });
      FAIL() << "expected an exception";
    } catch (const std::runtime_error &e) {
      EXPECT_STREQ(e.what(), "40");
    }
  }
  std::atomic<int> sum = 0;
  pool.run(10, [&](int i) { sum += i; });
  EXPECT_EQ(sum, 45);
}

TEST(ThreadPool, NothingToDo) {
  ThreadPool(3).run(0, [](int) { FAIL(); });
}

}  // namespace
}  // namespace hcd
