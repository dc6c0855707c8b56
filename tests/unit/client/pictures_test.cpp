// SPDX-License-Identifier: BSD-2-Clause
#include "client/pictures.h"

#include <gtest/gtest.h>

#include <cmath>

#include "image/format.h"
#include "support/engine.h"
#include "support/formats.h"
#include "support/random_values.h"

namespace hcd::client {
namespace {

using image::Affine;
using image::codes_to_picture;
using image::inverse;

using test::dot;
using test::random_values;

std::array<double, 3> convert(const Affine &a, std::array<double, 3> v) {
  std::array<double, 3> result = a.offset;
  for (size_t i = 0; i < 3; ++i) {
    for (size_t k = 0; k < 3; ++k) result[i] += a.matrix[i][k] * v[k];
  }
  return result;
}

hcd_format make_format(hcd_layout layout, hcd_range range, hcd_matrix matrix) {
  return test::format_of(37, 22, layout, 8, 0, range, matrix);
}

// Code values of the primaries, from the standards' definitions.
TEST(Matrix, KnownColours) {
  struct Case {
    hcd_range range;
    hcd_matrix matrix;
    std::array<double, 3> codes, rgb;
  };
  const Case cases[] = {
      {HCD_RANGE_LIMITED, HCD_MATRIX_BT601, {16, 128, 128}, {0, 0, 0}},
      {HCD_RANGE_LIMITED, HCD_MATRIX_BT2020, {235, 128, 128}, {1, 1, 1}},
      {HCD_RANGE_FULL, HCD_MATRIX_BT709, {255, 128, 128}, {1, 1, 1}},
      {HCD_RANGE_LIMITED, HCD_MATRIX_BT601, {81.481, 90.203, 240}, {1, 0, 0}},
      {HCD_RANGE_LIMITED, HCD_MATRIX_BT709, {62.5594, 102.3359, 240}, {1, 0, 0}},
      {HCD_RANGE_LIMITED, HCD_MATRIX_BT709, {31.8118, 240, 117.7323}, {0, 0, 1}},
      {HCD_RANGE_FULL, HCD_MATRIX_BT2020, {255 * 0.2627, 128 - 255 * 0.13963, 255.5}, {1, 0, 0}},
  };
  for (const Case &c : cases) {
    const Affine to =
        codes_to_picture(make_format(HCD_LAYOUT_YUV444, c.range, c.matrix), image::Colour::kRgb);
    const auto rgb = convert(to, c.codes),
               codes = convert(inverse(to), {255 * c.rgb[0], 255 * c.rgb[1], 255 * c.rgb[2]});
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(rgb[i], 255 * c.rgb[i], 0.3);
      EXPECT_NEAR(codes[i], c.codes[i], 1e-2);
    }
  }
}

TEST(Matrix, LumaIsThatOfTheLiterature) {
  const auto luma = [](hcd_range range, double code) {
    const Affine to = codes_to_picture(make_format(HCD_LAYOUT_YUV420, range, HCD_MATRIX_BT709),
                                       image::Colour::kLuma);
    return convert(to, {code, 128, 128})[0];
  };
  EXPECT_NEAR(luma(HCD_RANGE_LIMITED, 77), 77, 1e-9);
  EXPECT_NEAR(luma(HCD_RANGE_FULL, 0), 16, 1e-9);
  EXPECT_NEAR(luma(HCD_RANGE_FULL, 255), 235, 1e-9);
}

struct Stage {
  hcd_layout layout;
  hcd_range range;
  image::Colour colour;
};
std::vector<Stage> stages() {
  std::vector<Stage> list;
  for (const hcd_layout layout : {HCD_LAYOUT_GRAY, HCD_LAYOUT_YUV420, HCD_LAYOUT_YUV422,
                                  HCD_LAYOUT_YUV444, HCD_LAYOUT_NV12, HCD_LAYOUT_RGB}) {
    for (const hcd_range range : {HCD_RANGE_LIMITED, HCD_RANGE_FULL}) {
      for (const image::Colour colour :
           {image::Colour::kLuma, image::Colour::kYcbcr, image::Colour::kRgb}) {
        if (layout != HCD_LAYOUT_RGB || colour != image::Colour::kLuma)
          list.push_back({layout, range, colour});
      }
    }
  }
  return list;
}

ConstPlane view(const Pictures &pictures, const std::vector<float> &values) {
  return pictures.view(const_cast<float *>(values.data()));
}

std::vector<float> to_picture(const Pictures &pictures, const std::vector<float> &planes) {
  Buffer memory;
  const ConstPlane picture = pictures.to_picture(planes.data(), memory);
  return {picture.data, picture.data + pictures.size()};
}

// <J v, w> = <v, J^T w>, J v taken as the difference of two values (every stage is affine).
TEST(Pictures, AdjointsOfBothDirections) {
  test::OwnEngine engine;
  for (const Stage &stage : stages()) {
    SCOPED_TRACE(testing::Message()
                 << "layout " << stage.layout << " colour " << static_cast<int>(stage.colour));
    const hcd_format format = make_format(stage.layout, stage.range, HCD_MATRIX_BT709);
    const Pictures pictures(format, stage.colour, engine);
    const size_t n_planes = image::Geometry(format).size();
    const std::vector<float> zero(n_planes, 0.0F), v = random_values(n_planes, 1);
    const std::vector<float> w = random_values(pictures.size(), 2);
    std::vector<float> back(n_planes, 0.0F);
    const std::vector<float> at_v = to_picture(pictures, v), at_zero = to_picture(pictures, zero);
    pictures.to_picture_adjoint(view(pictures, w), back.data());
    const double forward = dot(at_v, w) - dot(at_zero, w);
    EXPECT_NEAR(forward, dot(v, back), 1e-4 * std::abs(forward));

    std::vector<float> planes(n_planes, 0.0F), origin(n_planes, 0.0F), pulled(pictures.size());
    const std::vector<float> none(pictures.size(), 0.0F);
    std::vector<float> weight = random_values(n_planes, 3);
    if (stage.colour == image::Colour::kLuma) {
      std::fill(weight.begin() + 37 * 22, weight.end(), 0.0F);
    }
    pictures.from_picture(view(pictures, w), planes.data());
    pictures.from_picture(view(pictures, none), origin.data());
    Buffer memory;
    const ConstPlane pulled_back = pictures.from_picture_adjoint(weight.data(), memory);
    std::copy_n(pulled_back.data, pulled.size(), pulled.data());
    const double there = dot(planes, weight) - dot(origin, weight);
    EXPECT_NEAR(there, dot(w, pulled), 1e-4 * std::abs(there) + 1);
  }
}

// What is smooth comes back: also a check that chroma is not shifted by its siting.
TEST(Pictures, ThereAndBack) {
  test::OwnEngine engine;
  for (const Stage &stage : stages()) {
    for (const hcd_siting siting : {HCD_SITING_LEFT, HCD_SITING_CENTER, HCD_SITING_BOTTOMLEFT}) {
      if (stage.layout == HCD_LAYOUT_GRAY && stage.colour != image::Colour::kLuma) continue;
      hcd_format format = make_format(stage.layout, stage.range, HCD_MATRIX_BT601);
      format.siting = siting;
      const Pictures pictures(format, stage.colour, engine);
      const image::Geometry geometry(format);
      std::vector<float> planes(geometry.size());
      for (int c = 0; c < geometry.n_planes(); ++c) {
        const Plane plane = geometry.plane(planes.data(), c);
        for (int y = 0; y < plane.height; ++y) {
          for (int x = 0; x < plane.width; ++x) {
            plane.row(y)[x] =
                110.0F + static_cast<float>(30 * std::sin(0.06 * x + c) + 20 * std::cos(0.05 * y));
          }
        }
      }
      std::vector<float> back = planes;
      pictures.from_picture(view(pictures, to_picture(pictures, planes)), back.data());
      for (size_t i = 0; i < planes.size(); ++i)
        ASSERT_NEAR(back[i], planes[i], 1.0F) << "sample " << i;
    }
  }
}

}  // namespace
}  // namespace hcd::client
