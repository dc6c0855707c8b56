// SPDX-License-Identifier: BSD-2-Clause
// What a context takes, against the bounds of docs/api.md.
#include <gtest/gtest.h>
#include <hcd/hcd.h>

#include <string>

#include "capi/interpose.h"
#include "support/context.h"

namespace hcd::test {
namespace {

struct Bound {
  const char *name;
  bool down;
  Options options;
  int yuv420, yuv444, rgb;  // bytes per luma sample of the large frame; 0: not for such frames
  int tile;                 // bytes per pixel of a tile and its rim, for each thread
};

// The table of docs/api.md, "Memory".
const Bound kBounds[] = {
    {"linear", true, {{"model", "bicubic"}}, 34, 60, 54, 0},
    {"several", true, {{"model", "bicubic+lanczos+bilinear"}}, 34, 60, 54, 0},
    {"exact", true, {{"model", "bicubic"}, {"optimizer", "exact"}}, 18, 28, 37, 0},
    {"paper", true, {{"model", "bicubic"}, {"preset", "paper"}}, 43, 81, 89, 0},
    {"steps_hr", true, {{"model", "bicubic"}, {"steps_hr", "1"}}, 49, 70, 101, 0},
    {"lite", true, {{"model", "lite"}}, 41, 66, 0, 20},
    {"lite_hr", true, {{"model", "lite"}, {"steps_hr", "1"}}, 55, 77, 0, 20},
    {"base", true, {{"model", "base"}}, 41, 66, 0, 60},
    {"up", false, {{"model", "bicubic"}}, 9, 16, 16, 0},
    {"up_lite", false, {{"model", "lite"}}, 9, 18, 0, 20},
    {"up_base", false, {{"model", "base"}}, 11, 20, 0, 60},
};
constexpr size_t kFixed = 1 << 20;  // tables, weights, threads' rows
constexpr int kRim = 32, kDefaultTile = 128;

// Most bytes that live at a time while a context is made and works on two frames.
size_t peak_of(const Bound &bound, const Options &options, const hcd_format &large) {
  hcd_format small = large;
  small.width /= 2;
  small.height /= 2;  // the widths below keep it on the chroma grid
  Frame a(bound.down ? large : small), b(bound.down ? small : large);
  a.fill_natural();
  measure_heap();
  const size_t before = heap().bytes;
  const auto run = [&](Context &&context) {
    for (int i = 0; i < 2; ++i) context.run(a, b);
  };
  if (bound.down) {
    run(Down(options, large));
  } else {
    run(Up(options, small, large.width, large.height));
  }
  return heap().peak - before;
}

class MemoryBound : public testing::TestWithParam<Bound> {};

TEST_P(MemoryBound, HoldsForFramesThreadsAndTiles) {
  const Bound &bound = GetParam();
  struct Setting {
    hcd_layout layout;
    int per_sample, width, threads, tile;
  };
  for (const Setting &s : {Setting{HCD_LAYOUT_YUV420, bound.yuv420, 384, 1, 0},
                           {HCD_LAYOUT_YUV420, bound.yuv420, 640, 3, 0},
                           {HCD_LAYOUT_NV12, bound.yuv420, 384, 2, 64},
                           {HCD_LAYOUT_YUV420, bound.yuv420, 576, 2, 256},
                           {HCD_LAYOUT_YUV444, bound.yuv444, 384, 2, 0},
                           {HCD_LAYOUT_RGB, bound.rgb, 384, 2, 0}}) {
    if (s.per_sample == 0) continue;
    Options options = bound.options;
    options["threads"] = std::to_string(s.threads);
    options["tile"] = std::to_string(s.tile);
    if (bound.down && bound.options.count("preset") == 0) options.emplace("steps_lr", "1");
    const hcd_format large = format_of(s.width, s.width * 9 / 16, s.layout);
    const size_t side = static_cast<size_t>((s.tile > 0 ? s.tile : kDefaultTile) + kRim);
    const size_t frame = static_cast<size_t>(s.per_sample) * static_cast<size_t>(large.width) *
                         static_cast<size_t>(large.height);
    const size_t tiles = static_cast<size_t>(s.threads * bound.tile) * side * side;
    const size_t peak = peak_of(bound, options, large);
    SCOPED_TRACE(testing::Message() << "layout " << s.layout << ", " << s.width << " wide, "
                                    << s.threads << " threads, tile " << s.tile);
    EXPECT_LE(peak, frame + tiles + kFixed);
    EXPECT_GE(peak, frame * 3 / 4);  // or the bound says too much
  }
}

INSTANTIATE_TEST_SUITE_P(All, MemoryBound, testing::ValuesIn(kBounds),
                         [](const auto &info) { return std::string(info.param.name); });

}  // namespace
}  // namespace hcd::test
