// SPDX-License-Identifier: BSD-2-Clause
// What the API says to bad input: status and exact text of each.
#include <gtest/gtest.h>
#include <hcd/hcd.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/context.h"
#include "support/formats.h"

namespace hcd::test {
namespace {

struct BadOption {
  const char *key, *value, *message;
};

class DownOption : public testing::TestWithParam<BadOption> {};

TEST_P(DownOption, IsRefused) {
  const BadOption &bad = GetParam();
  hcd_down_params params;
  hcd_down_params_init(&params);
  params.model = "bicubic";
  char error[400] = "";
  hcd_status status = hcd_down_params_set(&params, bad.key, bad.value, error, sizeof(error));
  hcd_ctx *ctx = nullptr;
  std::string text = error;
  if (status == HCD_OK) {
    status = hcd_down_create(&ctx, &params, nullptr, nullptr);
    text = hcd_last_error(ctx);
  }
  hcd_destroy(&ctx);
  EXPECT_EQ(status, HCD_E_OPTION);
  EXPECT_EQ(text, bad.message);
}

constexpr const char *kModels =
    "option model: expected bilinear, bicubic, catmull_rom, mitchell, spline36, lanczos2, lanczos, "
    "a network that `hcd models` lists, or torchscript (linear clients may be joined by "
    "+), found '";

INSTANTIATE_TEST_SUITE_P(
    All, DownOption,
    testing::Values(
        BadOption{"scale", "0", "option scale: expected auto or a number in [1, 16], found '0'"},
        BadOption{"scale", "-2", "option scale: expected auto or a number in [1, 16], found '-2'"},
        BadOption{"scale", "99", "option scale: expected auto or a number in [1, 16], found '99'"},
        BadOption{"scale", "2x", "option scale: expected auto or a number in [1, 16], found '2x'"},
        BadOption{"scale", "", "option scale: expected auto or a number in [1, 16], found ''"},
        BadOption{"budget", "nan",
                  "option budget: expected auto or a number in [0, 255], found 'nan'"},
        BadOption{"budget", "-1",
                  "option budget: expected auto or a number in [0, 255], found '-1'"},
        BadOption{"budget", "inf",
                  "option budget: expected auto or a number in [0, 255], found 'inf'"},
        BadOption{"steps", "-1",
                  "option steps: expected auto or a whole number in [0, 1000], found '-1'"},
        BadOption{"steps", "1001",
                  "option steps: expected auto or a whole number in [0, 1000], found '1001'"},
        BadOption{"steps", "99999999999999999999",
                  "option steps: expected auto or a whole number in [0, 1000], found "
                  "'99999999999999999999'"},
        BadOption{"steps", "2.5",
                  "option steps: expected auto or a whole number in [0, 1000], found '2.5'"},
        BadOption{"threads", "257",
                  "option threads: expected a whole number in [0, 256], found '257'"},
        BadOption{"tile", "8", "option tile: expected 0 or 32 to 8192, found 8"},
        BadOption{"seed", "-1",
                  "option seed: expected a whole number in [0, 9.22337203685478e+18], found '-1'"},
        BadOption{"proximity", "-0.1",
                  "option proximity: expected auto or a number in [0, 1000], found '-0.1'"},
        BadOption{"preset", "turbo",
                  "option preset: expected fast, balanced, quality or paper, found 'turbo'"},
        BadOption{"optimizer", "sgd",
                  "option optimizer: expected auto, pgd, adam, cg, exact or learned, found 'sgd'"},
        BadOption{"device", "gpu",
                  "option device: expected auto, cpu, cuda or cuda:N, found 'gpu'"},
        BadOption{"device",
                  "cuda:", "option device: expected auto, cpu, cuda or cuda:N, found 'cuda:'"},
        BadOption{"weights", "w.pt", "option weights: model bicubic has none, found 'w.pt'"},
        BadOption{"model", "torchscript",
                  "option weights: model torchscript needs a file, found none"},
        BadOption{"colour", "red",
                  "unknown option 'colour': expected one of scale, model, weights, latent, device, "
                  "preset, loss, start, optimizer, steps, steps_hr, steps_lr, budget, step_size, "
                  "proximity, detail, ringing, quality_hint, seed, threads, "
                  "tile, precision, signal, resize, async_depth"},
        BadOption{"start", "nearest",
                  "option start: expected auto, area, or a linear client's name as bicubic or "
                  "lanczos, found 'nearest'"},
        BadOption{"loss", "l1", "option loss: expected auto, mse or mixed, found 'l1'"},
        BadOption{"quality_hint", "64",
                  "option quality_hint: expected auto or a number in [0, 63], found '64'"}));

TEST(DownOption, ModelsAreNamed) {
  for (const char *name : {"nearest", "", "bicubic+", "bicubic+torchscript"}) {
    hcd_down_params params;
    hcd_down_params_init(&params);
    params.model = name;
    EXPECT_EQ(creation_error(params), kModels + std::string(name) + "'");
  }
}

TEST(UpOption, OneClientOnly) {
  hcd_up_params params;
  hcd_up_params_init(&params);
  params.model = "bicubic+lanczos";
  hcd_ctx *ctx = nullptr;
  EXPECT_EQ(hcd_up_create(&ctx, &params, nullptr, nullptr), HCD_E_OPTION);
  EXPECT_STREQ(hcd_last_error(ctx), "option model: expected one client, found 'bicubic+lanczos'");
  hcd_destroy(&ctx);
}

std::string configure_error(const hcd_format &in, int width, int height, hcd_status expected) {
  hcd_down_params params;
  hcd_down_params_init(&params);
  hcd_ctx *ctx = nullptr;
  EXPECT_EQ(hcd_down_create(&ctx, &params, nullptr, nullptr), HCD_OK);
  hcd_format out = wanted_size(width, height);
  EXPECT_EQ(hcd_configure(ctx, &in, &out), expected);
  std::string text = hcd_last_error(ctx);
  hcd_destroy(&ctx);
  return text;
}

TEST(Configure, Refusals) {
  hcd_format in = format_of(64, 48);
  EXPECT_EQ(configure_error(in, 80, 48, HCD_E_FORMAT),
            "size of the small frame: expected 1x1 to 64x48, the size of the source, found 80x48");
  EXPECT_EQ(configure_error(in, -3, 48, HCD_E_FORMAT),
            "size of the small frame: expected 1x1 to 64x48, the size of the source, found -3x48");
  in.width = 40000;
  EXPECT_EQ(configure_error(in, 0, 0, HCD_E_FORMAT),
            "frame size: expected 1x1 to 32768x32768, found 40000x48");
}

TEST(Up, SmallerThanTheSourceIsRefused) {
  hcd_up_params params;
  hcd_up_params_init(&params);
  params.model = "bicubic";
  hcd_ctx *ctx = nullptr;
  ASSERT_EQ(hcd_up_create(&ctx, &params, nullptr, nullptr), HCD_OK);
  const hcd_format in = format_of(64, 48);
  hcd_format out = wanted_size(32, 96);
  EXPECT_EQ(hcd_configure(ctx, &in, &out), HCD_E_FORMAT);
  EXPECT_STREQ(hcd_last_error(ctx),
               "size of the enlarged frame: expected at least 64x48, the size of "
               "the small one, found 32x96");
  hcd_destroy(&ctx);
}

TEST(Frames, AreChecked) {
  const hcd_format format = format_of(64, 48);
  Down down({}, format);
  Frame in(format), out(down.out());
  hcd_frame frame = in.view();
  frame.data[1] = nullptr;
  EXPECT_EQ(hcd_send_frame(down.get(), &frame), HCD_E_FORMAT);
  EXPECT_STREQ(hcd_last_error(down.get()),
               "frame: expected 3 planes of 64x48 yuv420 8-bit, found plane 1 NULL");
  frame = in.view();
  frame.stride[0] = 63;
  EXPECT_EQ(hcd_send_frame(down.get(), &frame), HCD_E_FORMAT);
  EXPECT_STREQ(hcd_last_error(down.get()),
               "frame: expected a stride of at least 64 bytes in plane 0, found 63");
  in.fill_natural();
  EXPECT_GT(down.run(in, out).psnr, 0);  // the context is still usable
}

#if !defined(__SANITIZE_ADDRESS__)  // which needs more addresses than the limit leaves
TEST(Memory, TooLittleIsSaid) {
  const auto run_short_of_memory = [] {
    const rlimit limit{512UL << 20, 512UL << 20};
    setrlimit(RLIMIT_AS, &limit);
    hcd_down_params params;
    hcd_down_params_init(&params);
    params.threads = 1;
    hcd_ctx *ctx = nullptr;
    hcd_down_create(&ctx, &params, nullptr, nullptr);
    const hcd_format in = format_of(16000, 16000, HCD_LAYOUT_YUV444);
    hcd_format out = wanted_size();
    const hcd_status status = hcd_configure(ctx, &in, &out);
    std::fprintf(stderr, "%s: %s", hcd_status_name(status), hcd_last_error(ctx));
    std::exit(0);
  };
  EXPECT_EXIT(
      run_short_of_memory(), testing::ExitedWithCode(0),
      "HCD_E_MEMORY: out of memory: expected 2929 MB for the planes of a frame, found less");
}
#endif

TEST(Api, NullIsAnswered) {
  EXPECT_EQ(hcd_down_create(nullptr, nullptr, nullptr, nullptr), HCD_E_STATE);
  hcd_ctx *ctx = nullptr;
  EXPECT_EQ(hcd_down_create(&ctx, nullptr, nullptr, nullptr), HCD_E_OPTION);
  hcd_destroy(&ctx);
  hcd_destroy(&ctx);
  hcd_destroy(nullptr);
  EXPECT_EQ(hcd_receive_frame(nullptr, nullptr, nullptr), HCD_E_STATE);
  EXPECT_STREQ(hcd_last_error(nullptr), "out of memory");
  EXPECT_STREQ(hcd_status_name(HCD_E_FILE), "HCD_E_FILE");
}

}  // namespace
}  // namespace hcd::test
