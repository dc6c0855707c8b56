// SPDX-License-Identifier: BSD-2-Clause
// Whole frames through sessions on the CUDA engine, against the CPU engine's: within one code value
// at 99.9 % of samples. Rounding may go either way where the two differ in the last bits. Several
// frames, two of them under way at once: the first ones are queued piece by piece, the next ones
// recorded, the last ones only launched.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/cuda/engine.h"
#include "session/down_session.h"
#include "session/up_session.h"
#include "stub/for_tests.h"
#include "support/formats.h"
#include "support/frames.h"

namespace hcd::session {
namespace {

using test::Frame;
using MakeEngine = std::function<std::unique_ptr<Engine>(ThreadPool &)>;

std::unique_ptr<Engine> make_cuda_engine(ThreadPool &pool) {
  return cuda::make_engine(std::make_shared<cuda::Device>(0), pool);
}

struct Case {
  const char *name, *model;
  hcd_format hr, lr;
  const char *loss, *optimizer;
  int steps_hr, steps_lr;
  bool hard = false;  // stripes of black and white between the frames: clipping takes the gain
};
std::vector<Case> cases() {
  const auto format = [](int width, int height, hcd_layout layout, int depth, int shift) {
    return test::format_of(width, height, layout, depth, shift, HCD_RANGE_LIMITED, HCD_MATRIX_BT709,
                           HCD_SITING_LEFT);
  };
  const auto yuv = HCD_LAYOUT_YUV420, nv12 = HCD_LAYOUT_NV12;
  const auto rgb = [](int width, int height) {
    return test::format_of(width, height, HCD_LAYOUT_RGB, 8, 0, HCD_RANGE_FULL);
  };
  return {
      {"Mixed", "bicubic", format(96, 64, yuv, 8, 0), format(48, 32, yuv, 8, 0), "mixed", "adam", 0,
       6},
      {"Hard", "bicubic", format(96, 64, yuv, 8, 0), format(48, 32, yuv, 8, 0), "mixed", "adam", 0,
       6, true},
      {"MixedOddP010", "bicubic", format(75, 53, nv12, 10, 6), format(38, 28, nv12, 10, 6), "mixed",
       "adam", 0, 3},
      {"MixedTwoClientsBothStages", "bilinear+lanczos", format(75, 53, yuv, 8, 0),
       format(30, 22, yuv, 8, 0), "mixed", "adam", 2, 2},
      {"Exact", "bicubic", format(75, 53, yuv, 8, 0), format(38, 28, yuv, 8, 0), "mse", "exact", 0,
       1},
      {"Cg", "bicubic", format(96, 64, yuv, 10, 0), format(40, 30, yuv, 10, 0), "mse", "cg", 0, 8},
      {"RgbPgd", "bilinear", rgb(61, 47), rgb(30, 23), "mse", "pgd", 0, 5}};
}

DownSettings settings_of(const Case &c, bool plain) {
  DownSettings settings;
  settings.model = c.model;
  settings.loss = c.loss;
  settings.optimizer = c.optimizer;
  settings.steps_hr = plain ? 0 : c.steps_hr;
  settings.steps_lr = plain ? 0 : c.steps_lr;
  return settings;
}

// What a session makes of frames, of which the next one is sent before one is asked for.
std::vector<Frame> run(Session &session, std::vector<Frame> frames, const hcd_format &format) {
  std::vector<Frame> results;
  session.send(frames[0].view());
  for (size_t i = 0; i < frames.size(); ++i) {
    if (i + 1 < frames.size()) session.send(frames[i + 1].view());
    Frame &out = results.emplace_back(format);
    session.receive(out.view(), nullptr);
  }
  return results;
}

std::vector<Frame> down(const Case &c, const MakeEngine &make, bool plain = false) {
  constexpr int kFrames = 6;
  ThreadPool pool(1);
  auto engine = make(pool);
  auto clients = make_linear_clients(c.model, nullptr, c.hr, c.lr, *engine);
  DownSession session({nullptr, std::move(engine)}, std::move(clients), settings_of(c, plain),
                      {c.hr, c.hr, c.lr});
  std::vector<Frame> frames;
  for (int i = 0; i < kFrames; ++i) {
    Frame &frame = frames.emplace_back(c.hr);
    frame.fill_natural(3 * i);
    if (!c.hard || i % 3 == 0) continue;
    frame.for_each([&](int p, int x, int y, uint64_t) {
      frame.set(p, x, y, (x + i * y) / (2 + i) % 2 ? 255 : 0);
    });
  }
  return run(session, std::move(frames), c.lr);
}

std::vector<Frame> up(const Case &c, std::vector<Frame> small, const MakeEngine &make) {
  ThreadPool pool(1);
  auto engine = make(pool);
  auto client =
      std::make_unique<client::LinearClient>(*image::find_kernel("bicubic"), c.hr, c.lr, *engine);
  UpSession session({nullptr, std::move(engine)}, std::move(client), false, 0, c.lr, c.hr, c.hr);
  return run(session, std::move(small), c.hr);
}

// Shares of the samples that are more than `codes` code values apart.
double apart(const Frame &a, const Frame &b, int codes) {
  double n = 0, different = 0;
  a.for_each([&](int p, int x, int y, uint64_t) {
    ++n;
    different += std::abs(a.get(p, x, y) - b.get(p, x, y)) > codes;
  });
  return different / n;
}

class CudaSession : public testing::TestWithParam<Case> {};

TEST_P(CudaSession, MakesTheCpuEnginesFrames) {
  const Case &c = GetParam();
  const auto expected = down(c, make_cpu_engine), found = down(c, make_cuda_engine);
  const auto plain = down(c, make_cuda_engine, true);
  const auto shown = up(c, found, make_cuda_engine), should = up(c, found, make_cpu_engine);
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_LE(apart(found[i], expected[i], 1), 0.001) << i;
    EXPECT_LE(apart(found[i], expected[i], 0), 0.01) << i;
    if (!c.hard) {
      EXPECT_GT(apart(found[i], plain[i], 0), 0.1) << i;  // it has descended
    }
    EXPECT_LE(apart(shown[i], should[i], 0), 0.001) << i;
  }
}

// Once everything is recorded a frame is a launch of a graph, for which nobody waits but by its
// event.
TEST(CudaSessionOnStandIn, WaitsForNoNumberOfADescent) {
  const Case c = cases()[0];
  ThreadPool pool(1);
  {
    auto engine = make_cuda_engine(pool);
    auto clients = make_linear_clients(c.model, nullptr, c.hr, c.lr, *engine);
    DownSession session({nullptr, std::move(engine)}, std::move(clients), settings_of(c, false),
                        {c.hr, c.hr, c.lr});
    Frame in(c.hr), out(c.lr);
    in.fill_natural();
    const auto frame = [&] {
      session.send(in.view());
      session.receive(out.view(), nullptr);
    };
    for (int i = 0; i < 6; ++i) frame();
    const hcd_stub_state before = cuda::stub_state();
    EXPECT_EQ(before.executables, 2U);
    for (int i = 0; i < 4; ++i) frame();
    const hcd_stub_state after = cuda::stub_state();
    EXPECT_EQ(after.graph_launches - before.graph_launches, 4U);
    EXPECT_EQ(after.stream_waits, before.stream_waits);
    EXPECT_EQ(after.allocations, before.allocations);
  }
  EXPECT_EQ(cuda::stub_state().executables, 0U);
  EXPECT_EQ(cuda::stub_state().allocations, 0U);
}

// Where the memory is not there for two frames at once they go on one by one, which is told, and
// none is lost.
TEST(CudaSessionOnStandIn, GoesOnWithoutTheMemoryOfASecondFrame) {
  Case c = cases()[0];
  c.hr.width *= 3, c.hr.height *= 3, c.lr.width *= 3, c.lr.height *= 3;
  c.steps_lr = 1;
  const std::vector<Frame> expected = down(c, make_cuda_engine);
  std::vector<Frame> frames;
  for (size_t i = 0; i < expected.size(); ++i) frames.emplace_back(c.hr).fill_natural(3 * i);
  int lost = 0, told = 0;
  const auto with = [&](const char *fault, int at) {
    ThreadPool pool(1);
    auto engine = make_cuda_engine(pool);
    auto clients = make_linear_clients(c.model, nullptr, c.hr, c.lr, *engine);
    const hcd_log_fn count = [](void *n, hcd_log_level level, const char *) {
      *static_cast<int *>(n) += level == HCD_LOG_WARNING;
    };
    DownSession session({nullptr, std::move(engine), Log(count, &told)}, std::move(clients),
                        settings_of(c, false), {c.hr, c.hr, c.lr});
    const cuda::StubSetting setting(fault, std::to_string(at));
    session.send(frames[0].view());
    for (size_t i = 0; i < frames.size(); ++i) {
      if (i + 1 < frames.size()) session.send(frames[i + 1].view());
      Frame out(c.lr);
      try {
        session.receive(out.view(), nullptr);
        EXPECT_TRUE(out.same_samples(expected[i])) << fault << " " << at << ", frame " << i;
      } catch (const Error &error) {
        EXPECT_EQ(error.status(), HCD_E_MEMORY) << at << ", frame " << i << ": " << error.what();
        ++lost;
      }
    }
    EXPECT_EQ(cuda::stub_state().pushed, 0U);
  };
  with("HCD_STUB_MEMORY", 2);  // too little for one
  EXPECT_GT(lost, 0);
  for (const int megabytes : {3, 4}) {  // of which two frames and what they share take 5
    lost = told = 0;
    with("HCD_STUB_MEMORY", megabytes);
    EXPECT_EQ(lost, 0) << megabytes;
    EXPECT_EQ(told, 1) << megabytes;
  }
  lost = told = 0;
  with("HCD_STUB_MEMORY", 6);
  EXPECT_EQ(lost + told, 0);
  with("HCD_STUB_NO_GRAPH_AT", 1);
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(told, 1);
}

INSTANTIATE_TEST_SUITE_P(All, CudaSession, testing::ValuesIn(cases()),
                         [](const auto &info) { return std::string(info.param.name); });

}  // namespace
}  // namespace hcd::session
