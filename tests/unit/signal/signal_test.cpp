// SPDX-License-Identifier: BSD-2-Clause
#include "signal/signal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "base/error.h"
#include "files/crc32.h"

namespace hcd::signal {
namespace {

hcd_signal example() {
  hcd_signal s{};
  s.struct_size = sizeof(s);
  std::strcpy(s.model, "lite");
  s.factor = 2;
  s.small_width = 640;
  s.small_height = 360;
  s.full_width = 1279;
  s.full_height = 719;
  s.siting = HCD_SITING_TOPLEFT;
  std::strcpy(s.resize, "bicubic");
  s.quality_hint = 26;
  s.weights_key = 0x1234567800001000;
  return s;
}

hcd_signal read_back(std::span<const uint8_t> message) {
  hcd_signal s{};
  read(message, &s);
  return s;
}

void expect_same(const hcd_signal &a, const hcd_signal &b) {
  EXPECT_STREQ(a.model, b.model);
  EXPECT_STREQ(a.resize, b.resize);
  EXPECT_EQ(a.factor, b.factor);
  EXPECT_EQ(a.small_width, b.small_width);
  EXPECT_EQ(a.small_height, b.small_height);
  EXPECT_EQ(a.full_width, b.full_width);
  EXPECT_EQ(a.full_height, b.full_height);
  EXPECT_EQ(a.siting, b.siting);
  EXPECT_EQ(a.quality_hint, b.quality_hint);
  EXPECT_EQ(a.weights_key, b.weights_key);
}

// What docs/signal.md says, byte by byte.
TEST(Signal, BytesOfTheDocument) {
  const std::vector<uint8_t> message = write(example());
  const std::vector<uint8_t> expected = {
      0x5e, 0x1d, 0x0c, 0x6b, 0x7a, 0x43, 0x4f, 0x0e, 0x9b, 0x52, 0x68, 0x63, 0x64, 0x73,
      0x69, 0x67, 1,    44,   0x02, 0x80, 0x01, 0x68, 0x04, 0xff, 0x02, 0xcf, 0,    2,
      3,    2,    26,   0,    'l',  'i',  't',  'e',  0,    0,    0,    0,    0,    0,
      0,    0,    0,    0,    0,    0,    0x12, 0x34, 0x56, 0x78, 0,    0,    0x10, 0};
  ASSERT_EQ(message.size(), static_cast<size_t>(HCD_SIGNAL_BYTES));
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), message.begin()));
}

TEST(Signal, ComesBackAsItWas) {
  hcd_signal s = example();
  expect_same(s, read_back(write(s)));
  s.quality_hint = HCD_AUTO;
  s.factor = 0;
  s.resize[0] = 0;
  s.weights_key = 0;
  std::strcpy(s.model, "sixteen_letters_");
  expect_same(s, read_back(write(s)));
}

TEST(Signal, WeightsComeAlong) {
  std::vector<uint8_t> weights(4242);
  std::mt19937 random(1);
  for (uint8_t &byte : weights) byte = static_cast<uint8_t>(random());
  hcd_signal s = example();
  s.weights = weights.data();
  s.weights_size = weights.size();
  EXPECT_THROW(write(s), Error);  // of another key
  s.weights_key = key_of(weights);
  EXPECT_EQ(s.weights_key & 0xffffffffU, weights.size());
  std::vector<uint8_t> message = write(s);
  const hcd_signal found = read_back(message);
  ASSERT_EQ(found.weights_size, weights.size());
  EXPECT_TRUE(std::equal(weights.begin(), weights.end(), found.weights));
  message.back() ^= 1;
  EXPECT_THROW(read_back(message), Error);
  message.pop_back();
  EXPECT_THROW(read_back(message), Error);
}

TEST(Signal, X265sUuidInFrontIsPassedOver) {
  std::vector<uint8_t> message = {0x2c, 0xa2, 0xde, 0x09, 0xb5, 0x17, 0x47, 0xdb,
                                  0xbb, 0x55, 0xa4, 0xfe, 0x7f, 0xc2, 0xfc, 0x4e};
  EXPECT_FALSE(is_ours(message));
  const std::vector<uint8_t> own = write(example());
  message.insert(message.end(), own.begin(), own.end());
  ASSERT_TRUE(is_ours(message));
  expect_same(example(), read_back(message));
}

TEST(Signal, OthersMessagesAreNotOurs) {
  EXPECT_FALSE(is_ours({}));
  std::vector<uint8_t> message = write(example());
  message[0] ^= 1;
  EXPECT_FALSE(is_ours(message));
}

TEST(Signal, EveryDamagedByteIsSeen) {
  const std::vector<uint8_t> good = write(example());
  for (size_t i = 16; i < good.size(); ++i) {
    for (const int flip : {1, 0x80, 0xff}) {
      std::vector<uint8_t> bad = good;
      bad[i] = static_cast<uint8_t>(bad[i] ^ flip);
      EXPECT_THROW(read_back(bad), Error) << "byte " << i;
    }
  }
}

TEST(Signal, CutOrLongerIsRefused) {
  const std::vector<uint8_t> good = write(example());
  for (size_t size = 16; size < good.size(); ++size) {
    const std::vector<uint8_t> cut(good.begin(), good.begin() + static_cast<ptrdiff_t>(size));
    if (is_ours(cut)) {
      EXPECT_THROW(read_back(cut), Error) << size << " bytes";
    }
  }
  std::vector<uint8_t> longer = good;
  longer.push_back(0);
  EXPECT_THROW(read_back(longer), Error);
}

// Random fields whose check sum is right: what is read can be written, and is the same then.
TEST(Signal, WhatIsReadCanBeSaid) {
  std::mt19937 random(7);
  int good = 0;
  for (int n = 0; n < 20000; ++n) {
    std::vector<uint8_t> message = write(example());
    for (int changes = 1 + n % 4; changes > 0; --changes) {
      message[16 + random() % 40] = static_cast<uint8_t>(random() % (n % 2 ? 256 : 8));
    }
    const uint32_t crc = files::crc32(std::span(message).subspan(16, 40));
    for (size_t i = 0; i < 4; ++i) message[56 + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
    hcd_signal s{};
    try {
      read(message, &s);
    } catch (const Error &) {
      continue;
    }
    ++good;
    expect_same(s, read_back(write(s)));
  }
  EXPECT_GT(good, 1000);
  EXPECT_LT(good, 19000);
}

TEST(Signal, OfALaterVersionTheSizesAreKnown) {
  std::vector<uint8_t> message = write(example());
  message[16] = 2;
  message.resize(100, 0x55);
  hcd_signal s{};
  try {
    read(message, &s);
    FAIL() << "expected an error";
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), HCD_E_FORMAT);
  }
  EXPECT_EQ(s.full_width, 1279);
  EXPECT_EQ(s.small_height, 360);
  EXPECT_STREQ(s.model, "");
  message[16 + 6] = message[16 + 7] = 0xff;  // 65535 wide
  EXPECT_THROW(read(message, &s), Error);
  EXPECT_EQ(s.full_width, 0);
}

TEST(Signal, WhatItCannotSayIsRefused) {
  const auto refuses = [](auto change) {
    hcd_signal s = example();
    change(s);
    EXPECT_THROW(write(s), Error);
  };
  refuses([](hcd_signal &s) { s.small_width = 0; });
  refuses([](hcd_signal &s) { s.full_height = 32769; });
  refuses([](hcd_signal &s) { s.small_width = 1280; });  // more than the full size
  refuses([](hcd_signal &s) { s.small_width = 79; });    // less than a sixteenth
  refuses([](hcd_signal &s) { std::strcpy(s.model, "seventeen_letters"); });
  refuses([](hcd_signal &s) { s.model[0] = 0; });
  refuses([](hcd_signal &s) { std::strcpy(s.model, "../x"); });
  refuses([](hcd_signal &s) { std::memset(s.model, 'a', sizeof(s.model)); });  // no end
  refuses([](hcd_signal &s) { std::strcpy(s.resize, "area"); });
  refuses([](hcd_signal &s) { s.quality_hint = 64; });
  refuses([](hcd_signal &s) { s.factor = -1; });
  refuses([](hcd_signal &s) { s.weights_size = 10; });  // at NULL
}

}  // namespace
}  // namespace hcd::signal
