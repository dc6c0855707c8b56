// SPDX-License-Identifier: BSD-2-Clause
// Samples of frames to floats and back, on the CPU.
#include <gtest/gtest.h>

#include <cstring>

#include "base/random.h"
#include "support/engine.h"
#include "support/formats.h"
#include "support/frames.h"

namespace hcd {
namespace {

using test::Frame;

void quantise(Engine &engine, const hcd_format &format, std::vector<float> &values,
              const image::Ranges &ranges) {
  const image::Geometry geometry(format);
  for (int c = 0; c < geometry.n_planes(); ++c) {
    engine.quantise(format.depth, ranges[static_cast<size_t>(c)], geometry.plane(values.data(), c));
  }
}

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
  test::OwnEngine engine;
  for (const hcd_format &format : formats()) {
    SCOPED_TRACE(image::describe(format));
    Frame in(format), out(format);
    in.fill_random(1);
    std::vector<float> values(image::Geometry(format).size());
    engine->unpack(format, in.view(), values.data());
    engine->pack(format, values.data(), {}, out.view());
    EXPECT_TRUE(in.same_samples(out));
    std::vector<float> again = values;
    quantise(engine, format, again, {});
    EXPECT_EQ(again, values);
  }
}

TEST(Pack, RoundsClipsAndKeepsThePadding) {
  test::OwnEngine engine(1);
  const hcd_format format = test::format_of(4, 1, HCD_LAYOUT_GRAY, 10, 0, HCD_RANGE_LIMITED);
  Frame frame(format);
  frame.view().data[0][8] = 77;  // first byte behind the row
  const float values[4] = {16.1F, -3, 400, 100.125F};
  engine->pack(format, values, image::legal_ranges(format), frame.view());
  uint16_t codes[5];
  std::memcpy(codes, frame.view().data[0], 10);
  EXPECT_EQ(codes[0], 64);   // 64.4
  EXPECT_EQ(codes[1], 64);   // black
  EXPECT_EQ(codes[2], 940);  // white
  EXPECT_EQ(codes[3], 400);  // 400.5: ties go to even
  EXPECT_EQ(frame.view().data[0][8], 77);
  engine->pack(format, values, {}, frame.view());
  std::memcpy(codes, frame.view().data[0], 10);
  EXPECT_EQ(codes[1], 0);
  EXPECT_EQ(codes[2], 1023);
}

TEST(Pack, QuantiseEqualsPackThenUnpack) {
  test::OwnEngine engine;
  for (const hcd_format &format : formats()) {
    SCOPED_TRACE(image::describe(format));
    const size_t n = image::Geometry(format).size();
    std::vector<float> values(n), read(n);
    const Random random(9);
    for (size_t i = 0; i < n; ++i) values[i] = static_cast<float>(300 * random.uniform(i) - 20);
    Frame frame(format);
    engine->pack(format, values.data(), image::legal_ranges(format), frame.view());
    engine->unpack(format, frame.view(), read.data());
    quantise(engine, format, values, image::legal_ranges(format));
    EXPECT_EQ(values, read);
  }
}

TEST(Hash, SeesSamplesAndNotPadding) {
  test::OwnEngine engine;
  const hcd_format format = test::format_of(5, 3);
  Frame a(format), b(format);
  a.fill_random(1);
  b.fill_random(1);
  b.view().data[0][5] ^= 1;  // behind the first row
  EXPECT_EQ(engine->hash(format, a.view(), 3), engine->hash(format, b.view(), 3));
  b.view().data[2][0] ^= 1;
  EXPECT_NE(engine->hash(format, a.view(), 3), engine->hash(format, b.view(), 3));
}

}  // namespace
}  // namespace hcd
