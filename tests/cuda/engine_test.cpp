// SPDX-License-Identifier: BSD-2-Clause
// What the suite of all engines does not ask: failures, and the caller's context.
#include "engine/cuda/engine.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "stub/for_tests.h"
#include "support/formats.h"
#include "support/frames.h"
#include "support/picture.h"

namespace hcd::cuda {
namespace {

constexpr int kWidth = 24, kHeight = 20;

class CudaEngine : public testing::Test {
 protected:
  CudaEngine() {
    for (Buffer *memory : {&a_, &b_, &c_}) {
      *memory = engine_->allocate(kWidth * kHeight);
      engine_->normal(1, memory->span());
    }
  }
  static Plane plane(Buffer &memory) { return {memory.data(), kWidth, kHeight}; }

  ThreadPool pool_{2};
  std::unique_ptr<Engine> engine_ = make_engine(std::make_shared<Device>(0), pool_);
  Buffer a_, b_, c_;
};

// Each launch of each operation refused in turn: an error, after which everything goes on, and the
// thread has the contexts that it had.
using CudaEngineOnStandIn = CudaEngine;

TEST_F(CudaEngineOnStandIn, SaysWhatFailed) {
  const hcd_format format = test::format_of(kWidth, kHeight, HCD_LAYOUT_GRAY);
  test::Frame frame(format);
  const image::Separable half = image::resize(*image::find_kernel("bicubic"), kWidth, kHeight,
                                              kWidth / 2, kHeight / 2, image::Position());
  const image::Separable twice = image::resize(*image::find_kernel("bicubic"), kWidth / 2,
                                               kHeight / 2, kWidth, kHeight, image::Position());
  const auto shrink = engine_->prepare(half);
  const auto invert = engine_->prepare(image::Inverse(twice, half, 0.1));
  const Plane small{c_.data(), kWidth / 2, kHeight / 2};
  const std::vector<std::function<void()>> operations = {
      [&] { engine_->fill(plane(a_), 1); },
      [&] { engine_->copy(plane(a_), plane(b_)); },
      [&] { engine_->dot(a_.span(), b_.span()); },
      [&] { engine_->axpy(2, a_.span(), b_.span()); },
      [&] { engine_->xpby(a_.span(), 2, b_.span()); },
      [&] { engine_->subtract(a_.span(), b_.span(), c_.span()); },
      [&] { engine_->scale(2, a_.span()); },
      [&] { engine_->normal(2, a_.span()); },
      [&] { engine_->unpack(format, frame.view(), a_.data()); },
      [&] {
        engine_->pack(format, a_.data(), image::legal_ranges(format), frame.view());
        engine_->finish_pack();
      },
      [&] { engine_->quantise(8, {}, plane(a_)); },
      [&] { engine_->clip({}, plane(a_)); },
      [&] { shrink->apply(plane(a_), small); },
      [&] { invert->apply(plane(a_), small); },
      [&] { engine_->correlate(plane(a_), std::vector<float>(9), plane(b_)); },
      [&] {
        engine_->mix({}, false, {plane(a_), plane(b_), plane(c_)}, {plane(a_), Plane(), Plane()});
      },
      [&] { engine_->squared_error(plane(a_), plane(b_), 1, plane(c_)); },
      [&] { engine_->shown_error(8, plane(a_), plane(b_)); },
      [&] { engine_->detail(plane(a_))->value_and_gradient(plane(b_), plane(c_)); },
      [&] {
        engine_->mix_slope(plane(a_), plane(b_), {}, {1, 1, 1}, plane(c_));
      },
  };
  for (size_t i = 0; i < operations.size(); ++i) {
    const size_t before = stub_state().launches;
    operations[i]();
    const size_t launches = stub_state().launches - before;
    EXPECT_GT(launches, 0U) << i;
    EXPECT_EQ(stub_state().pushed, 0U) << i;
    for (size_t k = 1; k <= launches; ++k) {
      const StubSetting refused("HCD_STUB_NO_LAUNCH_AT", std::to_string(k));
      try {
        operations[i]();
        ADD_FAILURE() << i << ", launch " << k;
      } catch (const Error &error) {
        EXPECT_EQ(error.status(), HCD_E_DEVICE);
        EXPECT_TRUE(std::string(error.what()).starts_with("CUDA: hcd_")) << error.what();
      }
      EXPECT_EQ(stub_state().pushed, 0U) << i << ", launch " << k;
    }
    operations[i]();
  }
}

// Planes from the host and to it, with gaps on both sides.
TEST_F(CudaEngine, CopiesPlanesOfTheHost) {
  test::Picture from = test::Picture::noise(2, 7, 9, 1), to(2, 7, 9, 5);
  Buffer memory = engine_->allocate(1000);
  const Plane here{memory.data(), 2, 7, 9, 20, 200};
  engine_->copy(from.read(), here);
  engine_->copy(ConstPlane(here), to.view());
  EXPECT_EQ(to.values(), from.values());
  EXPECT_TRUE(to.gaps_untouched());
}

// In a context of the caller's, which need not be the current one, and is not afterwards.
TEST_F(CudaEngineOnStandIn, WorksInTheCallersContext) {
  DeviceId id = 0;
  Context context = nullptr, other = nullptr;
  ASSERT_EQ(driver().device_get(&id, 0), kSuccess);
  const auto create = stub_function<Result(Context *, unsigned, DeviceId)>("cuCtxCreate_v2");
  const auto destroy = stub_function<Result(Context)>("cuCtxDestroy_v2");
  ASSERT_EQ(create(&context, 0, id), kSuccess);
  ASSERT_EQ(create(&other, 0, id), kSuccess);  // the current one
  {
    const auto engine = make_engine(std::make_shared<Device>(0, context), pool_);
    Buffer x = engine->allocate(100);
    engine->fill({x.data(), 100, 1}, 3);
    EXPECT_EQ(engine->dot(x.span(), x.span()).value(), 900);
    EXPECT_EQ(stub_state().pushed, 2U);
    Context current = nullptr;
    EXPECT_EQ(stub_function<Result(Context *)>("cuCtxGetCurrent")(&current), kSuccess);
    EXPECT_EQ(current, other);
  }
  EXPECT_EQ(destroy(other), kSuccess);
  EXPECT_EQ(destroy(context), kSuccess);
}

}  // namespace
}  // namespace hcd::cuda
