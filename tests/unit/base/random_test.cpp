// SPDX-License-Identifier: BSD-2-Clause
#include "base/random.h"

#include <gtest/gtest.h>

namespace hcd {
namespace {

TEST(Random, MomentsOfTheNormalNumbers) {
  const Random random(1);
  double sum = 0, square = 0;
  constexpr int kN = 100000;
  for (int i = 0; i < kN; ++i) {
    const double x = random.normal(static_cast<uint64_t>(i));
    sum += x;
    square += x * x;
  }
  EXPECT_NEAR(sum / kN, 0, 0.02);
  EXPECT_NEAR(square / kN, 1, 0.02);
}

TEST(Random, DependsOnKeyAndCounterOnly) {
  EXPECT_EQ(Random(3).uniform(7), Random(3).uniform(7));
  EXPECT_NE(Random(3).uniform(7), Random(4).uniform(7));
  EXPECT_NE(Random(3).uniform(7), Random(3).uniform(8));
}

TEST(Hash, SeesEveryByteAndTheLength) {
  char data[19] = "abcdefghijklmnopqr";
  const uint64_t hash = hash_bytes(data, 18, 0);
  for (char &byte : data) {
    const char old = byte;
    byte = static_cast<char>(byte + 1);
    if (&byte - data < 18) {
      EXPECT_NE(hash_bytes(data, 18, 0), hash);
    }
    byte = old;
  }
  EXPECT_NE(hash_bytes(data, 17, 0), hash);
  EXPECT_NE(hash_bytes(data, 18, 1), hash);
}

}  // namespace
}  // namespace hcd
