// SPDX-License-Identifier: BSD-2-Clause
// Whole contexts through the public API: sizes, gains, determinism, order of frames.
#include <gtest/gtest.h>
#include <hcd/hcd.h>

#include <cmath>
#include <map>
#include <string>

#include "support/context.h"
#include "support/formats.h"
#include "support/frames.h"

namespace hcd::test {
namespace {

hcd_format make_format(int width, int height, hcd_layout layout = HCD_LAYOUT_YUV420, int depth = 8,
                       hcd_range range = HCD_RANGE_LIMITED) {
  const int shift = layout == HCD_LAYOUT_NV12 && depth > 8 ? 16 - depth : 0;
  return format_of(width, height, layout, depth, shift, range);
}

TEST(Down, EveryFormatGainsAndStaysInItsRange) {
  for (const hcd_layout layout : {HCD_LAYOUT_GRAY, HCD_LAYOUT_YUV420, HCD_LAYOUT_YUV422,
                                  HCD_LAYOUT_YUV444, HCD_LAYOUT_NV12, HCD_LAYOUT_RGB}) {
    for (const int depth : {8, 10, 12}) {
      for (const hcd_range range : {HCD_RANGE_LIMITED, HCD_RANGE_FULL}) {
        SCOPED_TRACE(testing::Message()
                     << "layout " << layout << " depth " << depth << " range " << range);
        const hcd_format format = make_format(98, 66, layout, depth, range);
        Down down({}, format);
        Frame in(format), out(down.out());
        in.fill_natural();
        const hcd_stats stats = down.run(in, out);
        // The loss mixed, of luma, gives away decibels for detail: a half of what there are here.
        EXPECT_GT(stats.psnr, stats.psnr_plain + (layout == HCD_LAYOUT_RGB ? 0.4 : 0.1));
        EXPECT_GT(stats.move_rms, 0.1);
        const int unit = 1 << (depth - 8);
        out.for_each([&](int p, int x, int y, uint64_t) {
          const int code = out.get(p, x, y);
          if (range == HCD_RANGE_FULL) return;
          ASSERT_GE(code, 16 * unit);
          ASSERT_LE(code, (p == 0 || layout == HCD_LAYOUT_RGB ? 235 : 240) * unit);
        });
      }
    }
  }
}

TEST(Down, DefaultSizes) {
  const auto size = [](const hcd_format &format, const Options &options = {}) {
    Down down(options, format);
    return std::pair{down.out().width, down.out().height};
  };
  EXPECT_EQ(size(make_format(854, 480)), (std::pair{428, 240}));
  EXPECT_EQ(size(make_format(853, 479)), (std::pair{428, 240}));
  EXPECT_EQ(size(make_format(853, 479, HCD_LAYOUT_YUV444)), (std::pair{427, 240}));
  EXPECT_EQ(size(make_format(853, 479, HCD_LAYOUT_YUV422)), (std::pair{428, 240}));
  EXPECT_EQ(size(make_format(1920, 1080), {{"scale", "3"}}), (std::pair{640, 360}));
  EXPECT_EQ(size(make_format(1280, 720), {{"scale", "1.5"}}), (std::pair{854, 480}));
  EXPECT_EQ(size(make_format(1, 1)), (std::pair{1, 1}));
  EXPECT_EQ(size(make_format(2, 2)), (std::pair{2, 2}));
}

TEST(Down, TinyAndOddFramesWork) {
  for (const auto &[width, height] : {std::pair{1, 1}, {2, 2}, {1, 9}, {9, 1}, {3, 5}, {17, 2}}) {
    for (const char *scale : {"1", "2", "4", "16", "1.3"}) {
      const hcd_format format = make_format(width, height);
      Down down({{"scale", scale}}, format);
      Frame in(format), out(down.out());
      in.fill_natural();
      down.run(in, out);
      Up up({}, down.out(), width, height);
      Frame back(format);
      up.run(out, back);
    }
  }
}

TEST(Down, SameBytesForAnyThreadsAndTiles) {
  const hcd_format format = make_format(333, 207);
  // Tiles are of networks: of 167x104 small pixels here, in three tiles by two of 64.
  for (const Options &options :
       {Options{}, Options{{"loss", "mse"}}, Options{{"model", "bicubic+lanczos"}},
        Options{{"preset", "paper"}}, Options{{"optimizer", "adam"}, {"steps_hr", "2"}},
        Options{{"model", "lite"}, {"steps", "2"}},
        Options{{"model", "lite"}, {"steps", "2"}, {"loss", "mse"}}}) {
    const bool network = options.count("model") && options.at("model") == "lite";
    Frame in(format);
    in.fill_natural();
    std::unique_ptr<Frame> first;
    for (const auto &[threads, tile] : {std::pair{"1", "0"}, {"2", "0"}, {"5", "0"}, {"2", "64"}}) {
      if (std::string(tile) != "0" && !network) continue;
      Options all = options;
      all["threads"] = threads;
      all["tile"] = tile;
      Down down(all, format);
      auto out = std::make_unique<Frame>(down.out());
      down.run(in, *out);
      if (first) {
        EXPECT_TRUE(first->same_samples(*out)) << threads << " threads, tile " << tile;
      } else {
        first = std::move(out);
      }
    }
  }
}

// A clip cut anywhere gives the same frames: nothing is carried from one frame to the next.
TEST(Down, FramesDoNotDependOnTheOnesBefore) {
  const hcd_format format = make_format(120, 80);
  Down whole({{"preset", "paper"}}, format), cut({{"preset", "paper"}}, format);
  Frame in(format), a(whole.out()), b(cut.out());
  for (int time = 0; time < 4; ++time) {
    in.fill_natural(time);
    whole.run(in, a);
    if (time < 2) continue;
    cut.run(in, b);
    EXPECT_TRUE(a.same_samples(b));
  }
  Down other({{"preset", "paper"}, {"seed", "1"}}, format);
  other.run(in, b);
  EXPECT_FALSE(a.same_samples(b));
}

// More steps, less error; the optimum is no worse than any of them.
TEST(Down, StepsApproachTheOptimum) {
  const hcd_format format = make_format(160, 120);
  Frame in(format);
  in.fill_natural();
  double last = 0;
  for (const char *steps : {"0", "1", "2", "4"}) {
    Down down({{"steps", steps}}, format);
    Frame out(down.out());
    const hcd_stats stats = down.run(in, out);
    EXPECT_GE(stats.psnr, last - 0.01) << steps;
    last = stats.psnr;
    EXPECT_LE(stats.steps, std::stoi(steps));
    if (stats.steps == 0) {
      EXPECT_EQ(stats.psnr, stats.psnr_plain);
    }
  }
  Down exact({{"optimizer", "exact"}}, format);
  Frame out(exact.out());
  EXPECT_GE(exact.run(in, out).psnr, last - 0.02);
}

TEST(Down, StatisticsAreTheTruth) {
  for (const int depth : {8, 10}) {
    const hcd_format format = make_format(96, 64, HCD_LAYOUT_YUV420, depth);
    const double peak = (1 << depth) - 1;
    Down down({}, format);
    Frame in(format), small(down.out()), shown(format);
    in.fill_natural();
    const hcd_stats stats = down.run(in, small);
    Up up({}, down.out(), 96, 64);
    up.run(small, shown);
    double sum = 0;
    for (int y = 0; y < 64; ++y) {
      for (int x = 0; x < 96; ++x) sum += std::pow(shown.get(0, x, y) - in.get(0, x, y), 2);
    }
    EXPECT_NEAR(stats.psnr, 10 * std::log10(peak * peak / (sum / (96 * 64))), 1e-3);
  }
}

// Of a plane; "lite" and the loss mixed see luma alone, and leave chroma to the bicubic client.
double plane_error(const Frame &a, const Frame &b, int plane) {
  double sum = 0;
  a.for_each([&](int p, int x, int y, uint64_t) {
    if (p == plane) sum += std::pow(a.get(p, x, y) - b.get(p, x, y), 2);
  });
  return sum;
}

TEST(Down, ChromaGainsWhereLumaAloneIsDescended) {
  const hcd_format format = make_format(96, 64);
  for (const Options &options : {Options{}, Options{{"model", "lite"}}}) {
    Down down(options, format);
    Up up({}, down.out(), 96, 64);
    Frame in(format), small(down.out()), plain(down.out()), shown(format), shown_plain(format);
    in.fill_natural();
    down.run(in, small);
    down.run(in, plain, HCD_FRAME_PLAIN);
    up.run(small, shown);
    up.run(plain, shown_plain);
    for (const int p : {1, 2}) {
      EXPECT_LT(plane_error(shown, in, p), 0.97 * plane_error(shown_plain, in, p)) << p;
    }
  }
}

TEST(Down, SeveralClientsAreReported) {
  const hcd_format format = make_format(96, 64);
  Down down({{"model", "bicubic+bilinear+lanczos"}}, format);
  Frame in(format), out(down.out());
  in.fill_natural();
  const hcd_stats stats = down.run(in, out);
  ASSERT_EQ(stats.n_clients, 3);
  EXPECT_STREQ(stats.client[1].name, "bilinear");
  for (int k = 0; k < 3; ++k) EXPECT_GT(stats.client[k].psnr, stats.client[k].psnr_plain);
}

TEST(Down, BudgetLimitsTheMove) {
  const hcd_format format = make_format(96, 64);
  Frame in(format);
  in.fill_natural();
  for (const char *optimizer : {"exact", "cg", "pgd", "adam"}) {
    for (const char *loss : {"mse", "auto"}) {
      Down down({{"optimizer", optimizer}, {"budget", "1"}, {"loss", loss}}, format);
      Frame out(down.out());
      EXPECT_LT(down.run(in, out).move_rms, 1.2) << optimizer;  // rounding adds about 0.4
    }
  }
}

TEST(Down, PlainFramesAndChangesWhileRunning) {
  const hcd_format format = make_format(96, 64);
  Down down({{"steps", "2"}}, format);
  Frame in(format), plain(down.out()), moved(down.out()), off(down.out());
  in.fill_natural();
  hcd_stats stats = down.run(in, plain, HCD_FRAME_PLAIN);
  EXPECT_TRUE(std::isnan(stats.psnr));
  down.run(in, moved);
  EXPECT_FALSE(plain.same_samples(moved));
  EXPECT_EQ(hcd_set(down.get(), "steps", "0"), HCD_OK);
  down.run(in, off);
  EXPECT_TRUE(plain.same_samples(off));
  EXPECT_EQ(hcd_set(down.get(), "steps", "5000"), HCD_E_OPTION);
  EXPECT_EQ(hcd_set(down.get(), "model", "lanczos"), HCD_E_OPTION);
  down.run(in, off);
  EXPECT_TRUE(plain.same_samples(off));
}

TEST(Context, OrderOfFramesAndDrain) {
  const hcd_format format = make_format(32, 32);
  Down down({}, format);
  Frame a(format), b(format), out(down.out());
  hcd_frame received = out.view();
  EXPECT_EQ(hcd_receive_frame(down.get(), &received, nullptr), HCD_AGAIN);
  int tags[2];
  hcd_frame sent = a.view();
  sent.opaque = &tags[0];
  ASSERT_EQ(hcd_send_frame(down.get(), &sent), HCD_OK);
  sent = b.view();
  sent.opaque = &tags[1];
  ASSERT_EQ(hcd_send_frame(down.get(), &sent), HCD_OK);
  ASSERT_EQ(hcd_send_frame(down.get(), nullptr), HCD_OK);
  for (int &tag : tags) {
    received = out.view();
    EXPECT_EQ(hcd_receive_frame(down.get(), nullptr, nullptr), HCD_OK);  // asks, and takes nothing
    ASSERT_EQ(hcd_receive_frame(down.get(), &received, nullptr), HCD_OK);
    EXPECT_EQ(received.opaque, &tag);
  }
  EXPECT_EQ(hcd_receive_frame(down.get(), nullptr, nullptr), HCD_EOF);
  EXPECT_EQ(hcd_receive_frame(down.get(), &received, nullptr), HCD_EOF);
  EXPECT_EQ(hcd_send_frame(down.get(), &sent), HCD_E_STATE);
  ASSERT_EQ(hcd_reset(down.get()), HCD_OK);
  EXPECT_EQ(hcd_receive_frame(down.get(), &received, nullptr), HCD_AGAIN);
}

TEST(Models, AreListed) {
  std::map<std::string, hcd_model_info> found;
  for (const hcd_model_info *model = hcd_models(); model->name; ++model)
    found[model->name] = *model;
  for (const char *name :
       {"bilinear", "bicubic", "catmull_rom", "mitchell", "spline36", "lanczos2", "lanczos"}) {
    ASSERT_TRUE(found.count(name)) << name;
    EXPECT_TRUE(found[name].linear);
  }
  EXPECT_TRUE(found["torchscript"].needs_weights);
}

}  // namespace
}  // namespace hcd::test
