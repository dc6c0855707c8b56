// SPDX-License-Identifier: BSD-2-Clause
#include "image/format.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/formats.h"

namespace hcd::image {
namespace {

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
