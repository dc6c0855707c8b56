// SPDX-License-Identifier: BSD-2-Clause
// What travels with a stream, through the public API.
#include <gtest/gtest.h>
#include <hcd/hcd.h>

#include <cstring>

#include "support/context.h"

namespace hcd::test {
namespace {

hcd_signal empty_signal() {
  hcd_signal signal{};
  signal.struct_size = sizeof(signal);
  return signal;
}

hcd_signal signal_of(Down &down) {
  hcd_signal signal = empty_signal();
  EXPECT_EQ(hcd_get_signal(down.get(), &signal), HCD_OK) << hcd_last_error(down.get());
  return signal;
}

std::vector<uint8_t> message_of(const hcd_signal &signal) {
  std::vector<uint8_t> message(HCD_SIGNAL_BYTES + signal.weights_size);
  size_t written = 0;
  char error[200] = "";
  EXPECT_EQ(
      hcd_signal_write(&signal, message.data(), message.size(), &written, error, sizeof(error)),
      HCD_OK)
      << error;
  EXPECT_EQ(written, message.size());
  return message;
}

const hcd_format kLarge = format_of(95, 61, HCD_LAYOUT_YUV420, 8, 0, HCD_RANGE_LIMITED);

TEST(SignalApi, OfAContextAndBack) {
  Down down({{"quality_hint", "31"}}, kLarge);
  const std::vector<uint8_t> message = message_of(signal_of(down));
  hcd_signal found = empty_signal();
  ASSERT_EQ(hcd_signal_read(message.data(), message.size(), &found, nullptr, 0), HCD_OK);
  EXPECT_STREQ(found.model, "bicubic");
  EXPECT_EQ(found.factor, 0);
  EXPECT_EQ(found.small_width, 48);
  EXPECT_EQ(found.small_height, 32);
  EXPECT_EQ(found.full_width, 95);
  EXPECT_EQ(found.full_height, 61);
  EXPECT_EQ(found.siting, HCD_SITING_LEFT);
  EXPECT_EQ(found.quality_hint, 31);
  EXPECT_EQ(found.weights, nullptr);
}

TEST(SignalApi, OfSeveralClientsTheFirst) {
  Down down({{"model", "lanczos+bicubic"}}, kLarge);
  EXPECT_STREQ(signal_of(down).model, "lanczos");
}

TEST(SignalApi, OffSaysNothing) {
  Down down({{"signal", "off"}}, kLarge);
  hcd_signal signal = empty_signal();
  EXPECT_EQ(hcd_get_signal(down.get(), &signal), HCD_AGAIN);
}

TEST(SignalApi, OthersMessagesAndWrongCalls) {
  hcd_signal signal = empty_signal();
  char error[200] = "";
  const uint8_t others[40] = {1, 2, 3};
  EXPECT_EQ(hcd_signal_read(others, sizeof(others), &signal, error, sizeof(error)), HCD_AGAIN);
  EXPECT_EQ(hcd_signal_read(nullptr, 0, &signal, error, sizeof(error)), HCD_AGAIN);
  EXPECT_EQ(hcd_signal_read(others, 4, nullptr, error, sizeof(error)), HCD_E_OPTION);
  EXPECT_EQ(hcd_get_signal(nullptr, &signal), HCD_E_STATE);
  Down down({}, kLarge);
  signal = signal_of(down);
  uint8_t little[10];
  size_t written = 0;
  EXPECT_EQ(hcd_signal_write(&signal, little, sizeof(little), &written, error, sizeof(error)),
            HCD_E_MEMORY);
  EXPECT_EQ(written, static_cast<size_t>(HCD_SIGNAL_BYTES));
  EXPECT_STREQ(error, "data: expected a place for 60 bytes, found one for 10");
  EXPECT_EQ(hcd_follow_signal(down.get(), &signal), HCD_E_STATE);
  signal.struct_size = 8;
  EXPECT_EQ(hcd_signal_write(&signal, little, sizeof(little), &written, error, sizeof(error)),
            HCD_E_OPTION);
}

// Frames of an up context that follows what `signal` says.
Frame enlarged(const Options &options, const hcd_signal *signal) {
  const hcd_format small = format_of(48, 32, HCD_LAYOUT_YUV420, 8, 0, HCD_RANGE_LIMITED);
  Up up(options, small, 95, 61);
  if (signal) {
    hcd_format out = kLarge;
    EXPECT_EQ(hcd_follow_signal(up.get(), signal), HCD_OK) << hcd_last_error(up.get());
    EXPECT_EQ(hcd_configure(up.get(), &small, &out), HCD_OK) << hcd_last_error(up.get());
  }
  Frame in(small), out(kLarge);
  in.fill_natural();
  up.run(in, out);
  return out;
}

TEST(SignalApi, IsFollowedWhereOptionsSayNothing) {
  Down down({{"model", "lanczos"}}, kLarge);
  const hcd_signal signal = signal_of(down);
  const Frame lanczos = enlarged({{"model", "lanczos"}}, nullptr);
  const Frame bicubic = enlarged({{"model", "bicubic"}}, nullptr);
  EXPECT_FALSE(lanczos.same_samples(bicubic));
  EXPECT_TRUE(enlarged({{"model", "auto"}}, &signal).same_samples(lanczos));
  EXPECT_TRUE(enlarged({{"model", "bicubic"}}, &signal).same_samples(bicubic));
}

TEST(SignalApi, SitingOfFramesThatNameNone) {
  hcd_format source = kLarge;
  source.siting = HCD_SITING_TOPLEFT;
  Down down({{"model", "lanczos"}}, source);
  const hcd_signal signal = signal_of(down);
  EXPECT_EQ(signal.siting, HCD_SITING_TOPLEFT);
  EXPECT_FALSE(enlarged({{"model", "auto"}}, &signal)
                   .same_samples(enlarged({{"model", "lanczos"}}, nullptr)));
}

TEST(SignalApi, WeightsThatAreNowhereAreAnError) {
  Down down({}, kLarge);
  hcd_signal signal = signal_of(down);
  std::strcpy(signal.model, "lite");
  signal.factor = 2;
  signal.weights_key = 0x0102030400001000;
  const hcd_format small = format_of(48, 32, HCD_LAYOUT_YUV420, 8, 0, HCD_RANGE_LIMITED);
  Up up({{"model", "auto"}}, small);
  EXPECT_EQ(hcd_follow_signal(up.get(), &signal), HCD_E_FILE);
  EXPECT_STREQ(
      hcd_last_error(up.get()),
      "the stream was made for weights 0102030400001000 of lite: expected them in it or in "
      "the option weights, found none");
}

}  // namespace
}  // namespace hcd::test
