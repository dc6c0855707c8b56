// SPDX-License-Identifier: BSD-2-Clause
// Frames to planes and back: exact.
#include <array>

#include "conformance/checks.h"
#include "conformance/on_engine.h"
#include "conformance/reference.h"
#include "support/formats.h"
#include "support/frames.h"

namespace hcd::conformance {
namespace {

struct Kind {
  hcd_layout layout;
  int depth, shift;
  hcd_range range;
};
std::vector<Kind> kinds() {
  std::vector<Kind> kinds;
  for (const hcd_layout layout : {HCD_LAYOUT_GRAY, HCD_LAYOUT_YUV420, HCD_LAYOUT_YUV422,
                                  HCD_LAYOUT_YUV444, HCD_LAYOUT_NV12, HCD_LAYOUT_RGB}) {
    for (const auto &[depth, shift] : std::vector<std::pair<int, int>>{
             {8, 0}, {9, 0}, {10, 0}, {10, 6}, {12, 4}, {14, 1}, {16, 0}}) {
      for (const hcd_range range : {HCD_RANGE_LIMITED, HCD_RANGE_FULL}) {
        kinds.push_back({layout, depth, shift, range});
      }
    }
  }
  return kinds;
}

struct Shape {
  int width, height;
};
constexpr std::array<Shape, 4> kShapes = {{{1, 1}, {2, 2}, {13, 7}, {37, 70}}};

// For each format: function(format, what it is).
template <typename Function>
void for_formats(const Function &function) {
  for (const Kind &kind : kinds()) {
    for (const Shape &shape : kShapes) {
      const hcd_format format = test::format_of(shape.width, shape.height, kind.layout, kind.depth,
                                                kind.shift, kind.range);
      function(format, image::describe(format) + " shift " + std::to_string(kind.shift));
    }
  }
}

// Plane `p` of the memory and column `x` of it where sample `x` of component `c` lies.
std::pair<int, int> place(const hcd_format &format, int c, int x) {
  const bool interleaved = format.layout == HCD_LAYOUT_NV12 && c > 0;
  return interleaved ? std::pair{1, 2 * x + c - 1} : std::pair{c, x};
}

// function(c, x, y, i) for each sample; i: of the planes of floats.
template <typename Function>
void for_samples(const hcd_format &format, const Function &function) {
  const int halved_x = format.layout == HCD_LAYOUT_YUV420 || format.layout == HCD_LAYOUT_YUV422 ||
                       format.layout == HCD_LAYOUT_NV12;
  const int halved_y = format.layout == HCD_LAYOUT_YUV420 || format.layout == HCD_LAYOUT_NV12;
  size_t i = 0;
  for (int c = 0; c < (format.layout == HCD_LAYOUT_GRAY ? 1 : 3); ++c) {
    const int width = c > 0 && halved_x ? (format.width + 1) / 2 : format.width;
    const int height = c > 0 && halved_y ? (format.height + 1) / 2 : format.height;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) function(c, x, y, i++);
    }
  }
}
size_t n_samples(const hcd_format &format) {
  size_t n = 0;
  for_samples(format, [&](int, int, int, size_t) { ++n; });
  return n;
}

void check_unpack(Engine &engine) {
  for_formats([&](const hcd_format &format, const std::string &what) {
    test::Frame frame(format);
    frame.fill_random(3);
    VectorOnEngine planes(engine, std::vector<float>(n_samples(format), NAN));
    engine.unpack(format, frame.view(), planes.span().data());
    const auto found = planes.result();
    size_t wrong = 0;
    for_samples(format, [&](int c, int x, int y, size_t i) {
      const auto [p, column] = place(format, c, x);
      const double expected =
          frame.get(p, column, y) / static_cast<double>(1 << (format.depth - 8));
      wrong += static_cast<double>(found[i]) != expected;
    });
    EXPECT_EQ(wrong, 0U) << what;
  });
}

// Rows that lie upside down.
void check_unpack_negative_stride(Engine &engine) {
  const hcd_format format = test::format_of(5, 4, HCD_LAYOUT_GRAY, 10);
  test::Frame frame(format);
  frame.fill_random(4);
  hcd_frame view = frame.view();
  view.data[0] += 3 * view.stride[0];
  view.stride[0] = -view.stride[0];
  VectorOnEngine planes(engine, std::vector<float>(20, NAN));
  engine.unpack(format, view, planes.span().data());
  const auto found = planes.result();
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 5; ++x) {
      EXPECT_EQ(4 * found[static_cast<size_t>(5 * y + x)],
                static_cast<float>(frame.get(0, x, 3 - y)));
    }
  }
}

// Ties, ends of the range and beyond, by far; else anything.
float hard_value(int depth, size_t i, const Random &random) {
  const float step = 1 / static_cast<float>(1 << (depth - 8));
  const auto code = static_cast<float>(static_cast<int>(random.uniform(i) * (1 << depth)));
  switch (i % 8) {
    case 0:
      return (code + 0.5F) * step;
    case 1:
      return (code - 0.5F) * step;
    case 2:
      return 255 + 2 * static_cast<float>(random.uniform(i));
    case 3:
      return i % 3 == 0 ? -1e30F : i % 3 == 1 ? 1e30F : -0.0F;
    case 4:
      return i % 3 == 0 ? 15.5F : i % 3 == 1 ? 235.5F : 240.5F;
    default:
      return static_cast<float>(300 * random.uniform(i + 9) - 20);
  }
}
std::vector<float> hard_values(const hcd_format &format) {
  const Random random(5);
  std::vector<float> values(n_samples(format));
  for (size_t i = 0; i < values.size(); ++i) values[i] = hard_value(format.depth, i, random);
  return values;
}

void check_pack(Engine &engine) {
  for_formats([&](const hcd_format &format, const std::string &what) {
    const image::Ranges ranges = image::legal_ranges(format);
    const auto values = hard_values(format);
    VectorOnEngine planes(engine, values);
    test::Frame frame(format);
    engine.pack(format, planes.read().data(), ranges, frame.view());
    engine.finish_pack();
    size_t wrong = 0;
    for_samples(format, [&](int c, int x, int y, size_t i) {
      const auto [p, column] = place(format, c, x);
      const double expected = reference::code(format.depth, ranges[static_cast<size_t>(c)],
                                              static_cast<double>(values[i]));
      wrong += frame.get(p, column, y) != expected;
    });
    EXPECT_EQ(wrong, 0U) << what;
    // Nothing but the samples, and of these the unused bits are zero.
    test::Frame again(format);
    frame.for_each([&](int p, int x, int y, uint64_t) { again.set(p, x, y, frame.get(p, x, y)); });
    hcd_frame a = frame.view(), b = again.view();
    for (int p = 0; p < frame.n_planes(); ++p) {
      const auto bytes = static_cast<size_t>(frame.height(p) * a.stride[p]);
      EXPECT_EQ(std::memcmp(a.data[p], b.data[p], bytes), 0) << what;
    }
  });
}

void check_quantise(Engine &engine) {
  for (const int depth : {8, 9, 10, 12, 16}) {
    for (const image::Range &range :
         {image::Range{16, 235}, image::Range{0, 255}, image::Range{16, 240}}) {
      for (const Size &size : kSizes) {
        const Random random(6);
        Picture picture(1, size.height, size.width, size.gap);
        picture.fill([&](uint64_t i) { return hard_value(depth, i, random); });
        OnEngine plane(engine, picture);
        engine.quantise(depth, range, plane.view());
        const auto found = plane.result().values(), before = picture.values();
        for (size_t i = 0; i < found.size(); ++i) {
          ASSERT_EQ(
              static_cast<double>(found[i]),
              reference::code(depth, range, static_cast<double>(before[i])) / (1 << (depth - 8)))
              << text(size) << " " << before[i] << " depth " << depth;
        }
      }
    }
  }
}

void check_clip(Engine &engine) {
  constexpr image::Range kRange{16.25F, 235};
  for (const Size &size : kSizes) {
    Picture inside = noise(size, 7);
    inside.fill([&](uint64_t i) {
      return i % 3 == 0 ? kRange.low : i % 3 == 1 ? kRange.high : 100;
    });
    OnEngine plane(engine, inside);
    EXPECT_EQ(engine.clip(kRange, plane.view()).value(), 0) << text(size);
    EXPECT_EQ(plane.result().values(), inside.values());
    // One value alone is outside, at each end of the plane.
    for (const bool last : {false, true}) {
      for (const float value :
           {std::nextafter(kRange.low, 0.0F), std::nextafter(kRange.high, 999.0F), 300.0F}) {
        Picture picture = inside;
        picture.at(0, last ? size.height - 1 : 0, last ? size.width - 1 : 0) = value;
        OnEngine beyond(engine, picture);
        const double cut = static_cast<double>(value) -
                           static_cast<double>(std::clamp(value, kRange.low, kRange.high));
        const double squared = engine.clip(kRange, beyond.view()).value();
        EXPECT_GT(squared, 0) << text(size);
        EXPECT_NEAR(squared, cut * cut, 1e-5 * cut * cut) << text(size);
        const auto found = beyond.result().values(), before = picture.values();
        for (size_t i = 0; i < found.size(); ++i) {
          ASSERT_EQ(found[i], std::clamp(before[i], kRange.low, kRange.high)) << text(size);
        }
      }
    }
  }
}

void check_hash(Engine &engine) {
  for_formats([&](const hcd_format &format, const std::string &what) {
    test::Frame frame(format);
    frame.fill_random(8);
    const uint64_t hash = engine.hash(format, frame.view(), 1);
    EXPECT_EQ(engine.hash(format, frame.view(), 1), hash) << what;
    EXPECT_NE(engine.hash(format, frame.view(), 2), hash) << what;
    // What lies between the rows does not count; each end of each plane does.
    for (int p = 0; p < frame.n_planes(); ++p) {
      const int bytes = frame.width(p) * (format.depth > 8 ? 2 : 1);
      frame.view().data[p][bytes] ^= 1;
      EXPECT_EQ(engine.hash(format, frame.view(), 1), hash) << what;
      for (const bool last : {false, true}) {
        const int x = last ? frame.width(p) - 1 : 0, y = last ? frame.height(p) - 1 : 0;
        const int before = frame.get(p, x, y);
        frame.set(p, x, y, before ^ 1);
        EXPECT_NE(engine.hash(format, frame.view(), 1), hash) << what;
        frame.set(p, x, y, before);
      }
    }
  });
}

}  // namespace

std::vector<Check> frame_checks() {
  return {{"Unpack", "unpack", check_unpack},
          {"UnpackNegativeStride", "unpack", check_unpack_negative_stride},
          {"Pack", "pack", check_pack},
          {"Quantise", "quantise", check_quantise},
          {"Clip", "clip", check_clip},
          {"Hash", "hash", check_hash}};
}

}  // namespace hcd::conformance
