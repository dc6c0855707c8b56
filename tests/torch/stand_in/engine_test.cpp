// SPDX-License-Identifier: BSD-2-Clause
// Networks on LibTorch with pictures in the memory of the engine on a GPU: the bits of those with
// pictures in the host's.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "client/network.h"
#include "conformance/on_engine.h"
#include "engine/cuda/engine.h"
#include "stub/for_tests.h"
#include "support/errors.h"
#include "support/picture.h"

namespace hcd::client {
namespace {

using conformance::OnEngine;
using cuda::stub_state;
using cuda::StubSetting;
using test::Picture;

constexpr uint64_t kKey = 5;

std::shared_ptr<Network> open(const std::string &model, const std::string &device) {
  NetworkRequest request;
  const bool script = model.ends_with(".pt");
  request.model = script ? "torchscript" : model;
  if (script) request.weights = HCD_TORCHSCRIPT_FILES + model;
  request.device = device;
  return load_network(request, Log());
}

std::unique_ptr<Engine> make_engine(ThreadPool &pool) {
  return cuda::make_engine(std::make_shared<cuda::Device>(0), pool);
}

// All that a network can do, in pictures of one size.
struct Work {
  Work(const NetworkInfo &info, int height, int width)
      : channels(client::channels(info.colour)),
        x(Picture::noise(channels, height, width, 1)),
        y(Picture::noise(channels, height * info.scale, width * info.scale, 2)) {}

  int channels;
  Picture x, y;
};
using Results = std::vector<std::vector<float>>;

Results on_host(Network &network, const Work &work, int tile) {
  ThreadPool pool(1);
  const Run run{pool, tile};
  Picture shown = work.y, gradient = work.x, small = work.x, pulled = work.y;
  network.forward(run, work.x.view(), kKey, shown.view(), nullptr);
  network.backward(run, work.x.view(), kKey, nullptr, work.y.view(), gradient.view());
  if (!network.info().has_downscale) return {shown.values(), gradient.values()};
  network.downscale(run, work.y.view(), small.view());
  network.downscale_backward(run, work.y.view(), work.x.view(), pulled.view());
  return {shown.values(), gradient.values(), small.values(), pulled.values()};
}

Results on_engine(Network &network, const Work &work, int tile, Engine &engine) {
  const Run run = run_on(engine, tile);
  EXPECT_EQ(run.engine, &engine);
  OnEngine x(engine, work.x), y(engine, work.y);
  OnEngine shown(engine, work.y), gradient(engine, work.x), small(engine, work.x),
      pulled(engine, work.y);
  network.forward(run, x.read(), kKey, shown.view(), nullptr);
  network.backward(run, x.read(), kKey, nullptr, y.read(), gradient.view());
  if (!network.info().has_downscale) return {shown.result().values(), gradient.result().values()};
  network.downscale(run, y.read(), small.view());
  network.downscale_backward(run, y.read(), x.read(), pulled.view());
  return {shown.result().values(), gradient.result().values(), small.result().values(),
          pulled.result().values()};
}

// ---- bits ----

class OnGpu : public testing::TestWithParam<const char *> {};

TEST_P(OnGpu, HasTheCpusBits) {
  const auto network = open(GetParam(), "cuda"), cpu = open(GetParam(), "cpu");
  ASSERT_EQ(network->cuda_device(), 0);
  ASSERT_EQ(cpu->cuda_device(), -1);
  ThreadPool pool(1);
  const auto engine = make_engine(pool);
  for (const int tile : {100, 14}) {  // one, and several that overlap
    const Work work(cpu->info(), 20, 28);
    const Results expected = on_host(*cpu, work, tile);
    EXPECT_EQ(on_engine(*network, work, tile, *engine), expected) << tile;
    EXPECT_NE(on_engine(*network, Work(cpu->info(), 20, 26), tile, *engine), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, OnGpu,
                         testing::Values("luma_x2.pt", "rgb_x2.pt", "ycbcr_x3.pt", "irn-small",
                                         "srcnn", "tad-small"),
                         [](const auto &info) {
                           std::string name = info.param;
                           for (char &c : name) c = c == '.' || c == '-' ? '_' : c;
                           return name;
                         });

// A build without our engine for the GPU where LibTorch is.
TEST(Network, OnAGpuTakesPicturesOfTheHost) {
  const auto network = open("rgb_x2.pt", "cuda"), cpu = open("rgb_x2.pt", "cpu");
  const Work work(cpu->info(), 20, 28);
  EXPECT_EQ(on_host(*network, work, 14), on_host(*cpu, work, 14));
}

// ---- errors ----

class Errors : public testing::Test {
 protected:
  // The status of everything the network does, on an engine of its own; the text of an error.
  hcd_status run(std::string *text = nullptr) {
    ThreadPool pool(1);
    try {
      const auto engine = make_engine(pool);
      EXPECT_EQ(on_engine(*network_, work_, 14, *engine), expected_);
    } catch (const Error &error) {
      if (text) *text = error.what();
      return error.status();
    }
    return HCD_OK;
  }

  const std::shared_ptr<Network> network_ = open("rgb_x2.pt", "cuda");
  const Work work_{network_->info(), 20, 28};
  const Results expected_ = on_host(*network_, work_, 14);
};

// Whichever allocation fails: an error that says so, and nothing is left behind.
TEST_F(Errors, OutOfMemory) {
  const hcd_stub_state before = stub_state();
  int failed = 0;
  for (hcd_status status = HCD_E_MEMORY; status != HCD_OK; ++failed) {
    ASSERT_LT(failed, 400);
    const StubSetting refused("HCD_STUB_NO_MEMORY_AT", std::to_string(failed + 1));
    std::string text;
    status = run(&text);
    if (status == HCD_OK) break;
    EXPECT_EQ(status, HCD_E_MEMORY);
    EXPECT_NE(text.find("out of memory of the GPU"), std::string::npos) << text;
    EXPECT_EQ(stub_state().allocations, before.allocations);
    EXPECT_EQ(stub_state().pushed, before.pushed);
  }
  EXPECT_GT(failed, 3);
  EXPECT_EQ(run(), HCD_OK);
}

// Whichever launch loses it.
TEST_F(Errors, LostDevice) {
  hcd_status status = HCD_E_DEVICE;
  int lost = 0;
  for (; status != HCD_OK; lost += 7) {
    ASSERT_LT(lost, 4000);
    const StubSetting setting("HCD_STUB_LOST_AT", std::to_string(lost + 1));
    std::string text;
    status = run(&text);
    if (status == HCD_OK) break;
    EXPECT_EQ(status, HCD_E_DEVICE);
    EXPECT_NE(text.find("CUDA"), std::string::npos) << text;
    EXPECT_EQ(stub_state().pushed, 0U);
  }
  EXPECT_GT(lost, 20);
  EXPECT_EQ(run(), HCD_OK);  // of the next process, so to say
}

// What is wrong with a network or a picture is said as on the host, and the next picture is made.
TEST(Network, OnAGpuNamesWhatFailed) {
  ThreadPool pool(1);
  const auto engine = make_engine(pool);
  const std::string file = std::string("weights '") + HCD_TORCHSCRIPT_FILES + "nan_below_0.2.pt'";
  const auto network = open("nan_below_0.2.pt", "cuda");
  const Work work(network->info(), 20, 28);
  Work dark = work;
  dark.x.at(0, 19, 27) = 10;
  OnEngine x(*engine, dark.x), good(*engine, work.x), shown(*engine, work.y),
      gradient(*engine, work.x), slope(*engine, work.y);
  const client::Run run = run_on(*engine, 14);
  test::expect_file_error([&] { network->forward(run, x.read(), 0, shown.view(), nullptr); },
                          file + ": upscale: expected finite values, found NaN or infinity");
  test::expect_file_error(
      [&] { network->backward(run, x.read(), 0, nullptr, slope.read(), gradient.view()); },
      file + ": derivative of upscale: expected finite values, found NaN or infinity");
  network->forward(run, good.read(), 0, shown.view(), nullptr);
  network->backward(run, good.read(), 0, nullptr, slope.read(), gradient.view());
}

// ---- several at once ----

// Each thread with an engine and a device of its own, as sessions have.
void at_once(const std::vector<std::function<void(Engine &)>> &works) {
  std::vector<std::thread> threads;
  for (const auto &work : works) {
    threads.emplace_back([&work] {
      ThreadPool pool(1);
      const auto engine = make_engine(pool);
      for (int round = 0; round < 5; ++round) work(*engine);
    });
  }
  for (std::thread &thread : threads) thread.join();
}

TEST(Networks, OnAGpuDoNotDisturbEachOther) {
  const auto rgb = open("rgb_x2.pt", "cuda"), luma = open("luma_x2.pt", "cuda");
  const Work rgb_work(rgb->info(), 20, 28), luma_work(luma->info(), 24, 24);
  const Results rgb_expected = on_host(*rgb, rgb_work, 14);
  const Results luma_expected = on_host(*luma, luma_work, 14);
  const auto of_rgb = [&](Engine &engine) {
    EXPECT_EQ(on_engine(*rgb, rgb_work, 14, engine), rgb_expected);
  };
  const auto of_luma = [&](Engine &engine) {
    EXPECT_EQ(on_engine(*luma, luma_work, 14, engine), luma_expected);
  };
  at_once({of_rgb, of_luma, of_rgb});
}

}  // namespace
}  // namespace hcd::client
