// SPDX-License-Identifier: BSD-2-Clause
// Structs of callers that were built with an older or a newer header: shorter and longer ones.
#include <gtest/gtest.h>
#include <hcd/hcd.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "support/context.h"

namespace hcd::test {
namespace {

// A struct in the middle of memory that nobody else may touch.
template <typename T>
struct Caller {
  T value;
  unsigned char beyond[64];

  explicit Caller(unsigned char fill) {
    std::memset(static_cast<void *>(this), fill, sizeof(*this));
  }
  unsigned char *bytes() { return reinterpret_cast<unsigned char *>(this); }
  // Whether all from `first` to `last` are `fill`.
  bool all(size_t first, size_t last, unsigned char fill) {
    for (size_t i = first; i < last; ++i) {
      if (bytes()[i] != fill) return false;
    }
    return true;
  }
};

TEST(Params, InitWritesNoMoreThanTheCallerHas) {
  for (size_t size = 16; size <= sizeof(hcd_down_params) + 64; size += 8) {
    Caller<hcd_down_params> caller(0xee);
    (hcd_down_params_init)(&caller.value, size);
    EXPECT_EQ(caller.value.struct_size, size);
    EXPECT_TRUE(caller.all(size, sizeof(caller), 0xee)) << size;
    if (size > sizeof(hcd_down_params)) {
      EXPECT_TRUE(caller.all(sizeof(hcd_down_params), size, 0)) << size;
    }
    EXPECT_EQ(creation_error(caller.value, HCD_OK), "") << size;
  }
  Caller<hcd_up_params> up(0xee);
  (hcd_up_params_init)(&up.value, 16);
  EXPECT_TRUE(up.all(16, sizeof(up), 0xee));
  (hcd_up_params_init)(nullptr, 16);
  (hcd_up_params_init)(&up.value, 0);  // nothing is writable
  EXPECT_EQ(up.value.struct_size, 16U);
}

// What is behind an older program's struct counts as not given, and is not touched.
TEST(Params, OptionsBehindTheEndAreDefaults) {
  Caller<hcd_down_params> caller(0xee);
  const size_t size = offsetof(hcd_down_params, threads);
  (hcd_down_params_init)(&caller.value, size);
  char error[300] = "";
  EXPECT_EQ(hcd_down_params_set(&caller.value, "model", "bicubic", error, sizeof(error)), HCD_OK);
  EXPECT_EQ(hcd_down_params_set(&caller.value, "steps", "3", error, sizeof(error)), HCD_OK);
  EXPECT_EQ(caller.value.steps, 3);
  EXPECT_EQ(hcd_down_params_set(&caller.value, "threads", "2", error, sizeof(error)), HCD_E_OPTION);
  EXPECT_EQ(std::string(error), "option threads: expected a struct of " + std::to_string(size + 4) +
                                    " bytes or more, found " + std::to_string(size) +
                                    ": the program was built with the header of an older libhcd");
  EXPECT_TRUE(caller.all(size, sizeof(caller), 0xee));
  EXPECT_EQ(creation_error(caller.value, HCD_OK), "");
}

TEST(Params, WhatIsNotKnownMustBeZero) {
  Caller<hcd_down_params> caller(0);
  constexpr size_t kKnown = sizeof(hcd_down_params);
  (hcd_down_params_init)(&caller.value, kKnown + 32);
  char error[300] = "";
  EXPECT_EQ(hcd_down_params_set(&caller.value, "threads", "2", error, sizeof(error)), HCD_OK);
  EXPECT_EQ(creation_error(caller.value, HCD_OK), "");
  caller.bytes()[kKnown + 31] = 1;
  const std::string expected = "hcd_down_params: expected zeros beyond the " +
                               std::to_string(kKnown) + " bytes that version " + hcd_version() +
                               " knows, found a field set: the program uses what only a newer "
                               "libhcd has";
  EXPECT_EQ(creation_error(caller.value, HCD_E_OPTION), expected);
  EXPECT_EQ(hcd_down_params_set(&caller.value, "threads", "2", error, sizeof(error)), HCD_E_OPTION);
  EXPECT_EQ(error, expected);
}

TEST(Params, SizesThatAreNoneAreRefused) {
  hcd_down_params params;
  hcd_down_params_init(&params);
  for (const size_t size :
       {size_t{0}, size_t{8}, sizeof(params) + 4, size_t{1} << 20, ~size_t{0}}) {
    params.struct_size = size;
    EXPECT_EQ(creation_error(params, HCD_E_OPTION),
              "hcd_down_params.struct_size: expected sizeof(hcd_down_params), " +
                  std::to_string(sizeof(params)) + " in version " + hcd_version() + ", found " +
                  std::to_string(size));
  }
}

TEST(Params, EachFieldHasAPlaceOfItsOwn) {
  // Appended options never lie in the padding at the end of an older struct.
#define HCD_OPTIONS_DOWN
#define HCD_STR(name, def, help) EXPECT_EQ(offsetof(hcd_down_params, name) % 8, 0U) << #name;
#define HCD_INT(name, def, min, max, help) HCD_STR(name, def, help)
#define HCD_I64(name, def, min, max, help) HCD_STR(name, def, help)
#define HCD_NUM(name, def, min, max, help) HCD_STR(name, def, help)
#define HCD_AUTO_INT(name, min, max, runtime, help) HCD_STR(name, 0, help)
#define HCD_AUTO_NUM(name, min, max, runtime, help) HCD_STR(name, 0, help)
#include <hcd/options.def>
}

// ---- formats, frames, statistics ----

class Structs : public testing::Test {
 protected:
  std::string configure(const hcd_format &in, hcd_format *out, hcd_status expected) {
    EXPECT_EQ(hcd_configure(down_.get(), &in, out), expected);
    return hcd_last_error(down_.get());
  }
  const hcd_format format_ = format_of(32, 24);
  Down down_{{{"threads", "1"}}, format_};
  Frame in_{format_}, small_{down_.out()};
};

TEST_F(Structs, FormatsCarryTheirSize) {
  hcd_format in = format_, out = wanted_size();
  in.struct_size = 0;
  EXPECT_EQ(configure(in, &out, HCD_E_FORMAT),
            "hcd_format.struct_size: expected sizeof(hcd_format), " +
                std::to_string(sizeof(hcd_format)) + " in version " + hcd_version() + ", found 0");
  in = format_;
  out.struct_size = 0;
  configure(in, &out, HCD_E_FORMAT);
  Caller<hcd_format> longer(0);
  longer.value = wanted_size();
  longer.value.struct_size = sizeof(hcd_format) + 16;
  EXPECT_EQ(configure(in, &longer.value, HCD_OK), "");
  EXPECT_EQ(longer.value.struct_size, sizeof(hcd_format) + 16);
  EXPECT_EQ(longer.value.width, 16);
  longer.beyond[8] = 1;
  EXPECT_NE(configure(in, &longer.value, HCD_E_FORMAT).find("found a field set"),
            std::string::npos);
}

TEST_F(Structs, MemoryIsOfTheHostOrOfCuda) {
  hcd_format out = wanted_size();
  const auto refused = [&](const auto &change) {
    hcd_format in = format_;
    change(in);
    return configure(in, &out, HCD_E_FORMAT);
  };
  EXPECT_EQ(refused([](auto &f) { f.device = static_cast<hcd_device>(2); }),
            "hcd_format.device: expected 0 (host memory) or 1 (CUDA memory), found 2");
  EXPECT_EQ(refused([](auto &f) { f.device_index = 2; }),
            "hcd_format.device_index: expected 0 for host memory, found 2");
  EXPECT_EQ(refused([](auto &f) {
              f.device = HCD_DEVICE_CUDA;
              f.device_index = -1;
            }),
            "hcd_format.device_index: expected 0 or more, found -1");
  EXPECT_EQ(refused([&](auto &f) { f.device_context = &out; }),
            "hcd_format.device_context: expected NULL for host memory, found a context");
  out.device = HCD_DEVICE_CUDA;
  EXPECT_EQ(refused([](auto &) {}),
            "format of the frames that come out: expected the memory of those that go in (device "
            "0, index 0, context NULL), or device 0 for the same, found device 1, index 0, "
            "context NULL");
  out = wanted_size();
  EXPECT_EQ(refused([](auto &f) { f.reserved[3] = 9; }),
            "hcd_format.reserved: expected 0, found 9");
  EXPECT_EQ(configure(format_, &out, HCD_OK), "");
  hcd_frame frame = in_.view();
  frame.device_stream = &frame;
  EXPECT_EQ(hcd_send_frame(down_.get(), &frame), HCD_E_FORMAT);
  EXPECT_STREQ(hcd_last_error(down_.get()),
               "hcd_frame.device_stream: expected NULL for host memory, found a stream");
  frame = in_.view();
  frame.device = HCD_DEVICE_CUDA;
  EXPECT_EQ(hcd_send_frame(down_.get(), &frame), HCD_E_FORMAT);
  EXPECT_STREQ(hcd_last_error(down_.get()),
               "hcd_frame.device: expected 0 (host memory), as in its format, found 1");
  frame = in_.view();
  frame.flags = 6;
  EXPECT_EQ(hcd_send_frame(down_.get(), &frame), HCD_E_FORMAT);
  EXPECT_STREQ(hcd_last_error(down_.get()),
               "hcd_frame.flags: expected 0 or HCD_FRAME_PLAIN, found 0x6");
}

TEST_F(Structs, FramesAndStatisticsOfAnyLength) {
  Caller<hcd_frame> sent(0), received(0);
  sent.value = in_.view();
  sent.value.struct_size += 24;
  sent.value.opaque = this;
  received.value = small_.view();
  std::memset(received.beyond, 0xee, sizeof(received.beyond));
  Caller<hcd_stats> stats(0xee);
  stats.value.struct_size = sizeof(hcd_stats) + 8;
  ASSERT_EQ(hcd_send_frame(down_.get(), &sent.value), HCD_OK) << hcd_last_error(down_.get());
  // Statistics that cannot be written are said before the frame is lost.
  hcd_stats wrong{};
  EXPECT_EQ(hcd_receive_frame(down_.get(), &received.value, &wrong), HCD_E_STATE);
  ASSERT_EQ(hcd_receive_frame(down_.get(), &received.value, &stats.value), HCD_OK)
      << hcd_last_error(down_.get());
  EXPECT_EQ(received.value.opaque, this);
  EXPECT_EQ(received.beyond[0], 0xee);
  EXPECT_EQ(stats.value.n_clients, 1);
  EXPECT_TRUE(stats.all(sizeof(hcd_stats), sizeof(hcd_stats) + 8, 0));
  EXPECT_TRUE(stats.all(sizeof(hcd_stats) + 8, sizeof(stats), 0xee));
}

}  // namespace
}  // namespace hcd::test
