// SPDX-License-Identifier: BSD-2-Clause
// Networks on LibTorch through the public API where there is a GPU for both: the pictures of the
// CPU, wherever the frames lie.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <thread>
#include <vector>

#include "cuda/capi/configured.h"
#include "cuda/capi/gpu_frame.h"
#include "stub/for_tests.h"

namespace hcd::test {
namespace {

using cuda::stub_state;
using cuda::StubSetting;

const hcd_format kSmall = format_of(32, 24);

struct Case {
  const char *name;
  bool down;
  Options options;
  hcd_format in;
};
void PrintTo(const Case &c, std::ostream *out) { *out << c.name; }

const Case kCases[] = {
    {"Rgb", true, {{"model", "irn-small"}, {"steps", "2"}}, kLarge},
    {"RgbPaper", true, {{"model", "irn-small"}, {"preset", "paper"}, {"steps", "2"}}, kLarge},
    {"RgbOdd", true, {{"model", "irn-small"}, {"steps", "2"}}, format_of(61, 45)},
    {"Stochastic", true, {{"model", "firn"}, {"scale", "4"}, {"steps", "1"}}, kLarge},
    {"Luma", true, {{"model", "srcnn"}, {"steps", "2"}}, kLarge},
    {"LumaP010",
     true,
     {{"model", "srcnn"}, {"steps", "2"}},
     format_of(64, 48, HCD_LAYOUT_NV12, 10, 6)},
    {"LumaTiles", true, {{"model", "srcnn"}, {"steps", "2"}, {"tile", "32"}}, format_of(96, 48)},
    {"Up", false, {{"model", "irn-small"}}, kSmall},
    {"UpLuma", false, {{"model", "srcnn"}}, kSmall},
};

std::unique_ptr<Context> open(const Case &c, const char *device, const hcd_format &in) {
  Options options = c.options;
  options["threads"] = "1";
  options["device"] = device;
  if (c.down) return std::make_unique<Down>(options, in);
  return std::make_unique<Up>(options, in);
}

Frame made(Context &context, const hcd_format &in, hcd_stats *stats = nullptr) {
  Frame source(in), result(context.out());
  source.fill_natural();
  const hcd_stats found = context.run(source, result);
  if (stats) *stats = found;
  return result;
}

// What comes of a frame on the GPU; the status goes to `status` where that is asked for.
Frame made_on_gpu(Context &context, const hcd_format &in, hcd_status *status = nullptr) {
  Frame source(in), result(context.out());
  source.fill_natural();
  GpuStream stream;
  GpuFrame gpu_source(in, stream.get()), gpu_result(context.out(), stream.get());
  gpu_source.upload(source);
  const hcd_frame sent = gpu_source.view();
  hcd_frame received = gpu_result.view();
  EXPECT_EQ(hcd_send_frame(context.get(), &sent), HCD_OK) << hcd_last_error(context.get());
  const hcd_status found = hcd_receive_frame(context.get(), &received, nullptr);
  if (status) {
    *status = found;
  } else {
    EXPECT_EQ(found, HCD_OK) << hcd_last_error(context.get());
  }
  if (found == HCD_OK) gpu_result.download(result);
  return result;
}

class TorchApi : public testing::TestWithParam<Case> {};

TEST_P(TorchApi, MakesWhatTheCpuMakes) {
  const Case &c = GetParam();
  const auto cpu = open(c, "cpu", c.in), gpu = open(c, "cuda", c.in);
  hcd_stats expected{}, found{};
  const Frame reference = made(*cpu, c.in, &expected);
  const size_t before = stub_state().launches;
  const Frame frame = made(*gpu, c.in, &found);
  EXPECT_GT(stub_state().launches, before + 2);  // by kernels
  expect_close(reference, frame);
  if (c.down) {
    EXPECT_NEAR(found.psnr, expected.psnr, 0.02);
    EXPECT_NEAR(found.move_rms, expected.move_rms, 0.05);
    EXPECT_EQ(found.steps, expected.steps);
    EXPECT_EQ(found.kept_plain, expected.kept_plain);
    EXPECT_GT(found.move_rms, 0.05);
  }
  // So it does the next time, when the engine would record work of its own.
  EXPECT_TRUE(made(*gpu, c.in).same_samples(frame));
  // Frames on the GPU give the same bits as those that were carried there.
  const GpuContext context;
  const hcd_format in = context.format(c.in);
  const auto resident = open(c, "auto", in);
  EXPECT_EQ(resident->out().device, HCD_DEVICE_CUDA);
  EXPECT_TRUE(made_on_gpu(*resident, in).same_samples(frame));
}

INSTANTIATE_TEST_SUITE_P(Cases, TorchApi, testing::ValuesIn(kCases),
                         [](const auto &info) { return info.param.name; });

using TorchErrors = Configured;

TEST_F(TorchErrors, TellWhereThingsAre) {
  configure("cuda", kLarge, HCD_OK, "srcnn");
  EXPECT_TRUE(told("3 device=cuda:0: planes lie there, too"));
  configure("auto", kLarge, HCD_OK, "srcnn");
  EXPECT_TRUE(told("2 device=auto: networks run on cuda:0 (the host's memory in its place)"));
  EXPECT_TRUE(told("3 device=cuda:0: planes lie there, too"));
  configure("cpu", kLarge, HCD_OK, "srcnn");
  for (const std::string &line : lines_) EXPECT_EQ(line.find("device"), std::string::npos) << line;
}

TEST_F(TorchErrors, LibtorchIsInThePrimaryContext) {
  cuda::Context other = nullptr;
  expect_cuda(cuda::stub_function<cuda::Result(cuda::Context *, unsigned, int)>("cuCtxCreate_v2")(
      &other, 0, 0));
  hcd_format in = kLarge;
  in.device = HCD_DEVICE_CUDA;
  in.device_context = other;
  EXPECT_EQ(configure("auto", in, HCD_E_FORMAT, "srcnn"),
            "frames: expected CUDA memory of the device's primary context (ffmpeg -init_hw_device "
            "cuda=gpu:0,primary_ctx=1), in which LibTorch runs the network srcnn, found another "
            "context (or hwdownload before it and hwupload behind it; linear clients and light "
            "networks take any)");
  configure("auto", in, HCD_OK, "bicubic");
  hcd_destroy(&ctx_);
  expect_cuda(cuda::stub_function<cuda::Result(cuda::Context)>("cuCtxDestroy_v2")(other));
}

const Case kRgb = {"", true, {{"model", "irn-small"}, {"steps", "2"}}, kLarge};
const Case kLuma = {"", true, {{"model", "srcnn"}, {"steps", "2"}}, kLarge};

// Whichever allocation fails: an error that says so, no leak, and the next frame is made.
TEST(TorchFaults, OutOfMemory) {
  const GpuContext context;
  const hcd_format in = context.format(kLarge);
  const hcd_stub_state before = stub_state();
  int failed = 0;
  for (hcd_status status = HCD_E_MEMORY; status != HCD_OK; failed += 5) {
    ASSERT_LT(failed, 400);
    {
      const auto down = open(kRgb, "cuda", in);
      const StubSetting refused("HCD_STUB_NO_MEMORY_AT", std::to_string(failed + 7));
      made_on_gpu(*down, in, &status);
      if (status != HCD_OK) {
        EXPECT_EQ(status, HCD_E_MEMORY) << hcd_last_error(down->get());
        made_on_gpu(*down, in);
      }
    }
    EXPECT_EQ(stub_state().allocations, before.allocations);
    EXPECT_EQ(stub_state().pushed, before.pushed);
  }
  EXPECT_GT(failed, 5);
}

// Two graphs of one host with the same network, which is opened once, and one with another.
TEST(TorchFrames, OfThreadsDoNotDisturbEachOther) {
  std::vector<std::function<void()>> works;
  for (const Case &c : {kRgb, kLuma, kRgb}) {
    const auto alone = open(c, "cuda", c.in);
    auto expected = std::make_shared<Frame>(made(*alone, c.in));
    works.emplace_back([c, expected] {
      const auto context = open(c, "cuda", c.in);
      for (int i = 0; i < 2; ++i) EXPECT_TRUE(made(*context, c.in).same_samples(*expected));
    });
  }
  std::vector<std::thread> threads;
  for (const auto &work : works) threads.emplace_back(work);
  for (std::thread &thread : threads) thread.join();
}

}  // namespace
}  // namespace hcd::test
