// SPDX-License-Identifier: BSD-2-Clause
// What the public API says where a GPU is asked for and something is missing or wrong.
#include <gtest/gtest.h>

#include <string>

#include "cuda/capi/configured.h"
#include "cuda/capi/gpu_frame.h"
#include "stub/for_tests.h"

namespace hcd::test {
namespace {

using CudaErrors = Configured;
using CudaErrorsOnStandIn = Configured;

TEST_F(CudaErrors, AutoTellsWhatItTook) {
  configure("auto", kLarge, HCD_OK);
  ASSERT_FALSE(lines_.empty());
  EXPECT_TRUE(lines_[0].starts_with("2 device=auto: cuda:0 (")) << lines_[0];
  configure("cpu", kLarge, HCD_OK);
  for (const std::string &line : lines_) EXPECT_EQ(line.find("device"), std::string::npos) << line;
}

TEST_F(CudaErrorsOnStandIn, NamesWhatIsThere) {
  EXPECT_EQ(configure("cuda:3", kLarge, HCD_E_DEVICE),
            "device=cuda:3: expected the number of a CUDA device, of which there are 1, found 3");
  const GpuContext context;
  hcd_format in = context.format(kLarge);
  EXPECT_EQ(configure("cpu", in, HCD_E_OPTION),
            "option device: expected auto or cuda for frames in CUDA memory, found 'cpu' (the "
            "frames of hwdownload are for the CPU)");
  EXPECT_EQ(configure("cuda:1", in, HCD_E_OPTION),
            "option device: expected cuda or cuda:0, where the frames lie, found 'cuda:1'");
  EXPECT_EQ(configure("cuda:0", in, HCD_OK), "");
  EXPECT_EQ(
      configure("auto", in, HCD_E_FORMAT, "firn"),
      "frames: expected host memory, since the network firn runs on LibTorch, which has no GPU "
      "(device=cuda: built without CUDA (scripts/setup --cuda)), found CUDA memory (hwdownload "
      "before it and hwupload behind it; linear clients and light networks take CUDA frames)");
  in = kLarge;
  in.device = HCD_DEVICE_CUDA;
  in.device_index = 4;
  EXPECT_EQ(configure("auto", in, HCD_E_DEVICE),
            "frames in CUDA memory: expected the number of a CUDA device, of which there are 1, "
            "found 4");
}

TEST_F(CudaErrors, FramesLieWhereTheirFormatSays) {
  const GpuContext context;
  const hcd_format in = context.format(kLarge);
  hcd_format out = wanted_size();
  out.device = HCD_DEVICE_CUDA;  // in the primary context, which might be another
  EXPECT_NE(configure("auto", in, HCD_E_FORMAT, "bicubic", out).find("context NULL"),
            std::string::npos);
  configure("auto", in, HCD_OK);
  Frame host(kLarge);
  hcd_frame frame = host.view();
  EXPECT_EQ(hcd_send_frame(ctx_, &frame), HCD_E_FORMAT);
  EXPECT_STREQ(hcd_last_error(ctx_),
               "hcd_frame.device: expected 1 (CUDA memory), as in its format, found 0");
  // And the other way round.
  configure("cuda", kLarge, HCD_OK);
  frame.device = HCD_DEVICE_CUDA;
  EXPECT_EQ(hcd_send_frame(ctx_, &frame), HCD_E_FORMAT);
}

// Whichever allocation fails: an error that says so, no leak, and the next frame is made.
TEST_F(CudaErrorsOnStandIn, OutOfMemory) {
  const GpuContext context;
  const hcd_format in = context.format(kLarge);
  Frame source(kLarge);
  source.fill_natural();
  const hcd_stub_state before = cuda::stub_state();
  int failed = 0;
  hcd_status status = HCD_E_MEMORY;
  for (int at = 1; status != HCD_OK; ++at) {
    ASSERT_LT(at, 400);
    configure("cuda", in, HCD_OK);
    {
      GpuStream stream;
      GpuFrame gpu_source(in, stream.get()), gpu_result(out_, stream.get());
      gpu_source.upload(source);
      const hcd_frame sent = gpu_source.view();
      hcd_frame received = gpu_result.view();
      ASSERT_EQ(hcd_send_frame(ctx_, &sent), HCD_OK);
      std::string text;
      {
        const cuda::StubSetting refused("HCD_STUB_NO_MEMORY_AT", std::to_string(at));
        status = hcd_receive_frame(ctx_, &received, nullptr);
        text = hcd_last_error(ctx_);
      }
      if (status != HCD_OK) {
        ++failed;
        EXPECT_EQ(status, HCD_E_MEMORY) << text;
        EXPECT_NE(text.find("memory"), std::string::npos) << text;
        ASSERT_EQ(hcd_send_frame(ctx_, &sent), HCD_OK);
        EXPECT_EQ(hcd_receive_frame(ctx_, &received, nullptr), HCD_OK) << hcd_last_error(ctx_);
      }
    }
    hcd_destroy(&ctx_);
    const hcd_stub_state after = cuda::stub_state();
    EXPECT_EQ(after.allocations, before.allocations);
    EXPECT_EQ(after.host_allocations, before.host_allocations);
    EXPECT_EQ(after.streams, before.streams);
    EXPECT_EQ(after.pushed, before.pushed);
  }
  EXPECT_GT(failed, 0);
}

}  // namespace
}  // namespace hcd::test
