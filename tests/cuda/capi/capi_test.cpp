// SPDX-License-Identifier: BSD-2-Clause
// The public API on a GPU (the stand-in for one): the same pictures as the CPU's, wherever the
// frames lie.
#include <gtest/gtest.h>

#include <memory>
#include <ostream>

#include "cuda/capi/gpu_frame.h"

namespace hcd::test {
namespace {

struct Case {
  const char *name;
  bool down;
  Options options;
  hcd_format in;
  int width = 0, height = 0;  // wanted of what comes out
};

void PrintTo(const Case &c, std::ostream *out) { *out << c.name; }

const hcd_format kSmall = format_of(32, 24), kLarge = format_of(64, 48);
const hcd_format kP010 = format_of(64, 48, HCD_LAYOUT_NV12, 10, 6);

const Case kCases[] = {
    {"Exact", true, {{"optimizer", "exact"}, {"loss", "mse"}}, kLarge},
    {"Cg", true, {{"optimizer", "cg"}, {"steps", "4"}}, kLarge},
    {"Learned", true, {}, kLarge},
    {"Adam", true, {{"optimizer", "adam"}, {"steps", "2"}, {"model", "bicubic+lanczos"}}, kLarge},
    {"Paper", true, {{"preset", "paper"}, {"steps", "2"}}, kLarge},
    {"P010", true, {}, kP010},
    {"OddRgb", true, {}, format_of(45, 31, HCD_LAYOUT_RGB)},
    {"Lite", true, {{"model", "lite"}}, kLarge},
    {"LiteFloat", true, {{"model", "lite"}, {"precision", "fp32"}}, kP010},
    {"LiteOdd", true, {{"model", "lite"}}, format_of(61, 45)},
    {"LiteChain", true, {{"model", "lite"}}, format_of(60, 48), 40, 32},
    {"UpBicubic", false, {}, kSmall},
    {"UpLite", false, {{"model", "lite"}}, kSmall},
    {"UpLiteFloat", false, {{"model", "lite"}, {"precision", "fp32"}}, kSmall},
    {"UpLiteChain", false, {{"model", "lite"}}, format_of(40, 32), 60, 48},
};

// A context of a case.
std::unique_ptr<Context> open(const Case &c, const char *device, const hcd_format &in) {
  Options options = c.options;
  options["threads"] = "1";
  options["device"] = device;
  if (c.down) return std::make_unique<Down>(options, in, c.width, c.height);
  return std::make_unique<Up>(options, in, c.width, c.height);
}

// What a case makes of frame `time` on the host.
Frame made(Context &context, const hcd_format &in, int time, hcd_stats *stats = nullptr) {
  Frame source(in), result(context.out());
  source.fill_natural(time);
  const hcd_stats found = context.run(source, result);
  if (stats) *stats = found;
  return result;
}

// The same of a frame on the GPU, on a stream of its own.
Frame made_on_gpu(Context &context, const hcd_format &in, int time) {
  Frame source(in), result(context.out());
  source.fill_natural(time);
  GpuStream stream;
  GpuFrame gpu_source(in, stream.get()), gpu_result(context.out(), stream.get());
  gpu_source.upload(source);
  const hcd_frame sent = gpu_source.view();
  hcd_frame received = gpu_result.view();
  EXPECT_EQ(hcd_send_frame(context.get(), &sent), HCD_OK) << hcd_last_error(context.get());
  EXPECT_EQ(hcd_receive_frame(context.get(), &received, nullptr), HCD_OK)
      << hcd_last_error(context.get());
  gpu_result.download(result);
  return result;
}

class CudaApi : public testing::TestWithParam<Case> {};

TEST_P(CudaApi, MakesWhatTheCpuMakes) {
  const Case &c = GetParam();
  const auto cpu = open(c, "cpu", c.in), gpu = open(c, "cuda", c.in);
  hcd_stats expected{}, found{};
  const Frame reference = made(*cpu, c.in, 0, &expected), frame = made(*gpu, c.in, 0, &found);
  expect_close(reference, frame);
  if (c.down) {
    EXPECT_NEAR(found.psnr, expected.psnr, 0.02);
    EXPECT_NEAR(found.psnr_plain, expected.psnr_plain, 0.02);
    EXPECT_NEAR(found.move_rms, expected.move_rms, 0.05);
    EXPECT_EQ(found.steps, expected.steps);
    EXPECT_EQ(found.n_clients, expected.n_clients);
    EXPECT_EQ(found.kept_plain, expected.kept_plain);
  }

  // Frames on the GPU give the same bits as those that were carried there.
  const GpuContext context;
  const hcd_format in = context.format(c.in);
  const auto resident = open(c, "auto", in);
  EXPECT_EQ(resident->out().device, HCD_DEVICE_CUDA);
  EXPECT_EQ(resident->out().device_context, context.get());
  EXPECT_TRUE(made_on_gpu(*resident, in, 0).same_samples(frame));
}

INSTANTIATE_TEST_SUITE_P(Cases, CudaApi, testing::ValuesIn(kCases),
                         [](const auto &info) { return info.param.name; });

const Case kBicubic = {"", true, {}, kLarge};

TEST(CudaFrames, StreamsOrderTheWork) {
  const GpuContext context;
  const hcd_format in = context.format(kLarge);
  const auto down = open(kBicubic, "cuda", in);
  const Frame expected = made_on_gpu(*down, in, 0);
  Frame source(in), result(down->out());
  source.fill_natural(0);
  // The frame is made on one stream and used on another; the default one is none of both.
  GpuStream ours, theirs;
  for (const cuda::Stream stream : {theirs.get(), cuda::Stream(nullptr)}) {
    GpuFrame gpu_source(in, ours.get()), gpu_result(down->out(), stream);
    gpu_source.upload(source);
    const hcd_frame sent = gpu_source.view();
    hcd_frame received = gpu_result.view();
    ASSERT_EQ(hcd_send_frame(down->get(), &sent), HCD_OK);
    ASSERT_EQ(hcd_receive_frame(down->get(), &received, nullptr), HCD_OK);
    EXPECT_EQ(received.device_stream, stream);
    Frame nothing(in);
    gpu_source.upload(nothing);  // behind what reads it
    gpu_result.download(result);
    EXPECT_TRUE(result.same_samples(expected));
  }
}

TEST(CudaFrames, ResetDropsThem) {
  const GpuContext context;
  const hcd_format in = context.format(kLarge);
  const auto down = open(kBicubic, "cuda", in);
  GpuStream stream;
  const GpuFrame source(in, stream.get());
  const hcd_frame sent = source.view();
  ASSERT_EQ(hcd_send_frame(down->get(), &sent), HCD_OK);
  ASSERT_EQ(hcd_reset(down->get()), HCD_OK);
  EXPECT_EQ(hcd_receive_frame(down->get(), nullptr, nullptr), HCD_AGAIN);
  const Frame first = made_on_gpu(*down, in, 1);
  EXPECT_TRUE(made_on_gpu(*open(kBicubic, "cuda", in), in, 1).same_samples(first));
}

TEST(CudaFrames, ConfiguredAgain) {
  const GpuContext context;
  const auto down = open(kBicubic, "auto", kLarge);
  for (const hcd_format &in : {context.format(kLarge), kLarge, context.format(format_of(40, 30))}) {
    hcd_format out = wanted_size();
    ASSERT_EQ(hcd_configure(down->get(), &in, &out), HCD_OK) << hcd_last_error(down->get());
    EXPECT_EQ(out.device, in.device);
    EXPECT_EQ(out.width, in.width / 2);
  }
}

// Each has a stream, a pool and events of its own.
TEST(CudaFrames, TwoContextsDoNotDisturbEachOther) {
  const GpuContext context;
  const hcd_format in = context.format(kLarge);
  const Case lite = {"", true, {{"model", "lite"}}, kLarge};
  const auto alone = open(kBicubic, "cuda", in);
  const Frame first = made_on_gpu(*alone, in, 1), second = made_on_gpu(*alone, in, 2);
  const auto a = open(kBicubic, "cuda", in), b = open(lite, "cuda", in);
  const Frame of_b = made_on_gpu(*b, in, 1);
  EXPECT_TRUE(made_on_gpu(*a, in, 1).same_samples(first));
  EXPECT_TRUE(made_on_gpu(*b, in, 1).same_samples(of_b));
  EXPECT_TRUE(made_on_gpu(*a, in, 2).same_samples(second));
}

}  // namespace
}  // namespace hcd::test
