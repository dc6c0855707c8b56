// SPDX-License-Identifier: BSD-2-Clause
#include "image/format.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "support/formats.h"
#include "support/frames.h"

namespace hcd::image {
namespace {

using test::Frame;

std::vector<hcd_format> formats() {
  std::vector<hcd_format> list;
  for (const int layout : {HCD_LAYOUT_GRAY, HCD_LAYOUT_YUV420, HCD_LAYOUT_YUV422, HCD_LAYOUT_YUV444,
                           HCD_LAYOUT_NV12, HCD_LAYOUT_RGB}) {
    for (const int depth : {8, 10, 12, 16}) {
      for (const hcd_range range : {HCD_RANGE_LIMITED, HCD_RANGE_FULL}) {
        const int shift = layout == HCD_LAYOUT_NV12 && depth > 8 ? 16 - depth : 0;
        list.push_back(
            test::format_of(37, 21, static_cast<hcd_layout>(layout), depth, shift, range));
      }
    }
  }
  return list;
}

TEST(Pack, UnpackAndPackGiveBackEveryCode) {
  ThreadPool pool(2);
  for (const hcd_format &format : formats()) {
    SCOPED_TRACE(describe(format));
    Frame in(format), out(format);
    in.fill_random(1);
    std::vector<float> values(Geometry(format).size());
    unpack(format, in.view(), values.data(), pool);
    pack(format, values.data(), {}, out.view(), pool);
    EXPECT_TRUE(in.same_samples(out));
    std::vector<float> again = values;
    quantise(format, again.data(), {}, pool);
    EXPECT_EQ(again, values);
  }
}

TEST(Pack, RoundsClipsAndKeepsThePadding) {
  ThreadPool pool(1);
  const hcd_format format = test::format_of(4, 1, HCD_LAYOUT_GRAY, 10, 0, HCD_RANGE_LIMITED);
  Frame frame(format);
  frame.view().data[0][8] = 77;  // first byte behind the row
  const float values[4] = {16.1F, -3, 400, 100.125F};
  pack(format, values, legal_ranges(format), frame.view(), pool);
  uint16_t codes[5];
  std::memcpy(codes, frame.view().data[0], 10);
  EXPECT_EQ(codes[0], 64);   // 64.4
  EXPECT_EQ(codes[1], 64);   // black
  EXPECT_EQ(codes[2], 940);  // white
  EXPECT_EQ(codes[3], 400);  // 400.5: ties go to even
  EXPECT_EQ(frame.view().data[0][8], 77);
  pack(format, values, {}, frame.view(), pool);
  std::memcpy(codes, frame.view().data[0], 10);
  EXPECT_EQ(codes[1], 0);
  EXPECT_EQ(codes[2], 1023);
}

TEST(Pack, QuantiseEqualsPackThenUnpack) {
  ThreadPool pool(2);
  for (const hcd_format &format : formats()) {
    SCOPED_TRACE(describe(format));
    const size_t n = Geometry(format).size();
    std::vector<float> values(n), read(n);
    const Random random(9);
    for (size_t i = 0; i < n; ++i) values[i] = static_cast<float>(300 * random.uniform(i) - 20);
    Frame frame(format);
    pack(format, values.data(), legal_ranges(format), frame.view(), pool);
    unpack(format, frame.view(), read.data(), pool);
    quantise(format, values.data(), legal_ranges(format), pool);
    EXPECT_EQ(values, read);
  }
}

TEST(Format, PlaneSizesRoundUp) {
  const hcd_format format = test::format_of(37, 21);
  EXPECT_EQ(component_width(format, 1), 19);
  EXPECT_EQ(component_height(format, 2), 11);
  EXPECT_EQ(Geometry(format).size(), 37U * 21 + 2 * 19 * 11);
}

TEST(Format, Siting) {
  hcd_format format = test::format_of(8, 8);
  EXPECT_EQ(component_position(format, 1).x, 0.25);  // left
  EXPECT_EQ(component_position(format, 1).y, 0.5);
  EXPECT_EQ(component_position(format, 0).x, 0.5);
  format.siting = HCD_SITING_BOTTOM;
  EXPECT_EQ(component_position(format, 1).x, 0.5);
  EXPECT_EQ(component_position(format, 1).y, 0.75);
  format.layout = HCD_LAYOUT_YUV444;
  EXPECT_EQ(component_position(format, 1).y, 0.5);
}

TEST(Format, Refusals) {
  const auto text = [](hcd_format format) -> std::string {
    try {
      check_format(format);
    } catch (const Error &error) {
      EXPECT_EQ(error.status(), HCD_E_FORMAT);
      return error.what();
    }
    return "accepted";
  };
  const hcd_format good = test::format_of(8, 8);
  EXPECT_EQ(text(good), "accepted");
  hcd_format bad = good;
  bad.width = 0;
  EXPECT_EQ(text(bad), "frame size: expected 1x1 to 32768x32768, found 0x8");
  bad = good;
  bad.depth = 7;
  EXPECT_EQ(text(bad), "bit depth: expected 8 to 16, found 7");
  bad = good;
  bad.shift = 1;
  EXPECT_EQ(text(bad), "sample shift: expected 0 to 0, found 1");
  bad = good;
  bad.layout = static_cast<hcd_layout>(9);
  EXPECT_EQ(text(bad),
            "frame layout: expected gray, yuv420, yuv422, yuv444, nv12 or rgb, found number 9");
}

TEST(Hash, SeesSamplesAndNotPadding) {
  const hcd_format format = test::format_of(5, 3);
  Frame a(format), b(format);
  a.fill_random(1);
  b.fill_random(1);
  b.view().data[0][5] ^= 1;  // behind the first row
  EXPECT_EQ(hash_frame(format, a.view(), 3), hash_frame(format, b.view(), 3));
  b.view().data[2][0] ^= 1;
  EXPECT_NE(hash_frame(format, a.view(), 3), hash_frame(format, b.view(), 3));
}

TEST(Format, ChromaSitsWhereTheTagSays) {
  hcd_format format{};
  format.width = format.height = 8;
  format.depth = 8;
  format.layout = HCD_LAYOUT_YUV420;
  const auto place = [&](hcd_siting siting, int c) {
    format.siting = siting;
    const Position position = component_position(format, c);
    return std::pair{position.x, position.y};
  };
  EXPECT_EQ(place(HCD_SITING_UNSPECIFIED, 1), (std::pair{0.25, 0.5}));
  EXPECT_EQ(place(HCD_SITING_LEFT, 1), (std::pair{0.25, 0.5}));
  EXPECT_EQ(place(HCD_SITING_CENTER, 1), (std::pair{0.5, 0.5}));
  EXPECT_EQ(place(HCD_SITING_TOPLEFT, 1), (std::pair{0.25, 0.25}));
  EXPECT_EQ(place(HCD_SITING_TOP, 2), (std::pair{0.5, 0.25}));
  EXPECT_EQ(place(HCD_SITING_BOTTOMLEFT, 2), (std::pair{0.25, 0.75}));
  EXPECT_EQ(place(HCD_SITING_BOTTOM, 2), (std::pair{0.5, 0.75}));
  EXPECT_EQ(place(HCD_SITING_TOPLEFT, 0), (std::pair{0.5, 0.5}));
  format.layout = HCD_LAYOUT_YUV422;
  EXPECT_EQ(place(HCD_SITING_TOPLEFT, 1), (std::pair{0.25, 0.5}));
}

}  // namespace
}  // namespace hcd::image
