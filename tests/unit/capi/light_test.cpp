// SPDX-License-Identifier: BSD-2-Clause
// Light networks through the public API, where no LibTorch can be opened.
#include <gtest/gtest.h>
#include <hcd/hcd.h>

#include <cmath>
#include <cstdlib>

#include "support/context.h"
#include "support/formats.h"
#include "support/light_file.h"
#include "support/temporary.h"

namespace hcd::test {
namespace {

class LightTest : public testing::Test {
 protected:
  LightTest() {
    setenv("HCD_TORCH_BACKEND", "/nowhere/libhcd-torch.so", 1);
    LightWeights weights(client::parse_spec("lite", 2, "{}"));
    // As training starts: nearly the skip.
    for (float &v : weights.tensors["5.weight"].values) v *= 0.05F;
    for (float &v : weights.tensors["5.bias"].values) v = 0;
    path_ = write_bytes(test::temporary_folder() + "capi_lite_x2.safetensors", weights.bytes());
  }
  Options options(Options more = {}) const {
    more.insert({{"model", "lite"}, {"weights", path_}});
    return more;
  }

  const hcd_format small_ = format_of(97, 62, HCD_LAYOUT_YUV420, 8, 0, HCD_RANGE_LIMITED);
  const hcd_format large_ = format_of(150, 98, HCD_LAYOUT_YUV420, 10, 0, HCD_RANGE_LIMITED);
  std::string path_;
};

TEST_F(LightTest, UpIsTheSameForAnyThreadsAndTiles) {
  std::vector<Frame> results;
  for (const Options &more : {Options{{"threads", "1"}}, Options{{"threads", "3"}},
                              Options{{"tile", "32"}}, Options{{"tile", "8192"}}}) {
    Up up(options(more), small_);
    EXPECT_EQ(up.out().width, 194);
    EXPECT_EQ(up.out().height, 124);
    Frame in(small_);
    in.fill_natural();
    Frame &out = results.emplace_back(up.out());
    up.run(in, out);
    EXPECT_TRUE(out.same_samples(results[0]));
  }
}

TEST_F(LightTest, DownGainsAndIsTheSameForAnyThreads) {
  std::vector<Frame> results;
  for (const char *threads : {"1", "3"}) {
    Down down(options({{"threads", threads}, {"tile", "32"}, {"loss", "mse"}}), large_);
    Frame in(large_);
    in.fill_natural();
    Frame &out = results.emplace_back(down.out());
    const hcd_stats stats = down.run(in, out);
    EXPECT_GT(stats.psnr, stats.psnr_plain + 0.3);
    EXPECT_TRUE(out.same_samples(results[0]));
  }
}

TEST_F(LightTest, IsTheDefaultAndBuiltIn) {
  hcd_down_params down_params;
  hcd_down_params_init(&down_params);
  EXPECT_STREQ(down_params.model, "lite");
  hcd_up_params up_params;
  hcd_up_params_init(&up_params);
  EXPECT_STREQ(up_params.model, "auto");
  const Options built_in = {{"model", "lite"}};
  Down down(built_in, large_);
  Frame in(large_), small(down.out());
  in.fill_natural();
  const hcd_stats stats = down.run(in, small);
  EXPECT_EQ(stats.steps, 2);
  EXPECT_GT(stats.move_rms, 0.3);
  Up up(built_in, down.out(), large_.width, large_.height);
  Frame back(up.out());
  up.run(small, back);
  EXPECT_EQ(up.out().width, large_.width);
}

// What create() or configure() says.
std::string error_of(const Options &options, const hcd_format &in) {
  hcd_up_params params;
  hcd_up_params_init(&params);
  char error[300] = "";
  for (const auto &[key, value] : options) {
    EXPECT_EQ(hcd_up_params_set(&params, key.c_str(), value.c_str(), error, sizeof(error)), HCD_OK);
  }
  hcd_ctx *ctx = nullptr;
  hcd_format out = wanted_size();
  if (hcd_up_create(&ctx, &params, nullptr, nullptr) == HCD_OK) hcd_configure(ctx, &in, &out);
  const std::string text = hcd_last_error(ctx);
  hcd_destroy(&ctx);
  return text;
}

double psnr_of_luma(const Frame &shown, const Frame &truth, const hcd_format &format) {
  double sum = 0;
  for (int y = 0; y < format.height; ++y) {
    for (int x = 0; x < format.width; ++x) {
      const double difference = shown.get(0, x, y) - truth.get(0, x, y);
      sum += difference * difference;
    }
  }
  const double peak = (1 << format.depth) - 1;
  return 10 * std::log10(peak * peak * format.width * format.height / sum);
}

TEST_F(LightTest, TakesRatiosUpToFour) {
  EXPECT_EQ(error_of(options({{"scale", "4"}}), small_), "");
  EXPECT_EQ(error_of(options({{"scale", "4.5"}}), small_),
            "option scale: expected 1 to 4 with model=lite, found 4.5 (linear clients as "
            "model=bicubic take up to 16)");
  EXPECT_EQ(error_of({{"model", "srcnn"}, {"scale", "3"}}, small_),
            "option scale: expected 2 or 4, the factors of model srcnn, found 3, which bilinear, "
            "bicubic, catmull_rom, mitchell, spline36, lanczos2 and lanczos have");
}

TEST_F(LightTest, GoesThereAndBackAtAnyRatio) {
  for (const auto &[width, height] : {std::pair(150, 98),
                                      {149, 97},
                                      {113, 74},
                                      {100, 66},
                                      {78, 49},
                                      {75, 98},
                                      {150, 25},
                                      {61, 41},
                                      {50, 33},
                                      {38, 25}}) {
    Down down(options({{"loss", "mse"}}), large_, width, height);
    Frame in(large_), small(down.out());
    in.fill_natural();
    const hcd_stats stats = down.run(in, small);
    EXPECT_EQ(down.out().width, width);
    EXPECT_GT(stats.psnr, stats.psnr_plain) << width << "x" << height;
    Up up(options(), down.out(), large_.width, large_.height);
    Frame back(up.out());
    up.run(small, back);
    EXPECT_EQ(up.out().width, large_.width);
    EXPECT_EQ(up.out().height, large_.height);
    // What the descent saw is what the viewer sees.
    EXPECT_NEAR(psnr_of_luma(back, in, large_), stats.psnr, 0.01) << width << "x" << height;
  }
}

TEST_F(LightTest, SaysThatItSeesLuma) {
  hcd_format rgb = small_;
  rgb.layout = HCD_LAYOUT_RGB;
  EXPECT_EQ(error_of(options(), rgb).substr(0, 57),
            "network lite sees luma: expected Y'CbCr or gray frames, f");
}

}  // namespace
}  // namespace hcd::test
