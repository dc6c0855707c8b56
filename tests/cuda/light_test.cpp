// SPDX-License-Identifier: BSD-2-Clause
// Light networks on the device against the CPU's executor.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/light/light_network.h"
#include "client/light/light_weights.h"
#include "engine/cuda/light_network.h"
#include "support/errors.h"
#include "support/light_file.h"
#include "support/picture.h"

namespace hcd::cuda {
namespace {

using client::NetSpec;
using client::Network;
using client::Precision;
using client::Run;
using client::Tape;
using test::Picture;

// A picture's samples in the device's memory, gaps included.
class OnDevice {
 public:
  OnDevice(Device &device, const Picture &picture)
      : device_(device), view_(picture.view()), memory_(device.allocate(picture.samples().size())) {
    device.copy(picture.samples().data(), memory_.data(), bytes());
  }
  ConstPlane read() { return write(); }
  Plane write() {
    return {memory_.data(), view_.channels, view_.height, view_.width, view_.stride, view_.plane};
  }
  void fetch(Picture &picture) { device_.copy(memory_.data(), picture.samples().data(), bytes()); }

 private:
  size_t bytes() const { return memory_.size() * sizeof(float); }

  Device &device_;
  ConstPlane view_;
  Buffer memory_;
};

// A network of random weights on the CPU and on the device.
class Pair {
 public:
  Pair(const NetSpec &spec, const test::LightWeights &weights, Precision precision)
      : spec_(spec),
        host_(client::make_light_network(spec, files::Safetensors::parse(weights.bytes(), "test"),
                                         "lite", "bicubic", precision)),
        device_(std::make_shared<Device>(0)),
        network_(make_light_network(device_, *host_)) {}
  explicit Pair(std::unique_ptr<Network> host)
      : spec_(host->light()->spec),
        host_(std::move(host)),
        device_(std::make_shared<Device>(0)),
        network_(make_light_network(device_, *host_)) {}

  const NetSpec &spec() const { return spec_; }
  Network &host() { return *host_; }
  Network &network() { return *network_; }

  Picture up(const Picture &lr, std::unique_ptr<Tape> *tape = nullptr) {
    Picture hr(1, lr.height() * spec_.scale, lr.width() * spec_.scale);
    OnDevice from(*device_, lr), to(*device_, hr);
    network_->forward({pool_}, from.read(), 0, to.write(), tape);
    to.fetch(hr);
    network_->check_results();
    EXPECT_TRUE(hr.gaps_untouched());
    return hr;
  }
  Picture pull(const Picture &lr, const Picture &slope, const Tape *tape = nullptr) {
    Picture gradient(1, lr.height(), lr.width());
    OnDevice from(*device_, lr), slopes(*device_, slope), to(*device_, gradient);
    network_->backward({pool_}, from.read(), 0, tape, slopes.read(), to.write());
    to.fetch(gradient);
    network_->check_results();
    EXPECT_TRUE(gradient.gaps_untouched());
    return gradient;
  }
  Picture host_up(const Picture &lr) {
    Picture hr(1, lr.height() * spec_.scale, lr.width() * spec_.scale);
    host_->forward({pool_}, lr.view(), 0, hr.view(), nullptr);
    return hr;
  }
  Picture host_pull(const Picture &lr, const Picture &slope) {
    Picture gradient(1, lr.height(), lr.width());
    host_->backward({pool_}, lr.view(), 0, nullptr, slope.view(), gradient.view());
    return gradient;
  }

 private:
  NetSpec spec_;
  ThreadPool pool_{1};
  std::unique_ptr<Network> host_;
  std::shared_ptr<Device> device_;
  std::unique_ptr<Network> network_;
};

Picture slopes_for(const Picture &lr, int scale, uint64_t seed) {
  Picture slope = Picture::noise(1, lr.height() * scale, lr.width() * scale, seed);
  for (float &value : slope.samples()) value = (value - 128) / 64;
  return slope;
}

void expect_near(const Picture &found, const Picture &expected, double bound) {
  const std::vector<float> a = found.values(), b = expected.values();
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(a[i]), static_cast<double>(b[i]), bound) << i;
  }
}

struct Case {
  const char *label;
  int scale;
  const char *config;
};

// Kernels of each size, each number of channels a thread, one and two groups and blocks of them,
// numbers of channels that fill none of these, activations everywhere.
const Case kCases[] = {
    {"lite", 2, "{}"},
    {"odd", 2,
     R"({"layers": [{"out": 5, "activation": "relu"}, {"out": 12, "activation": "leaky_relu",
         "slope": 0.3}, {"out": 4}]})"},
    {"mixed", 3,
     R"({"skip": "bicubic", "layers": [{"out": 20, "kernel": 5, "activation": "relu"},
         {"out": 1, "activation": "leaky_relu"}, {"out": 3, "activation": "leaky_relu"},
         {"out": 1, "kernel": 1, "activation": "leaky_relu"},
         {"out": 33, "activation": "leaky_relu"}, {"out": 9, "kernel": 5}]})"},
    {"four", 4,
     R"({"skip": "lanczos", "layers": [{"out": 4, "activation": "relu"},
         {"out": 40, "kernel": 1, "activation": "relu"}, {"out": 16, "kernel": 3}]})"},
    {"single", 2, R"({"layers": [{"out": 4, "kernel": 5, "activation": "leaky_relu"}]})"},
    {"flat", 3,
     R"({"skip": "mitchell", "layers": [{"out": 8, "kernel": 1}, {"out": 9, "kernel": 1}]})"},
};

NetSpec spec_of(const Case &c) {
  return client::parse_spec(c.scale == 2 ? "lite" : "base", c.scale, c.config);
}

class CudaLight : public testing::TestWithParam<Case> {};

// The sums' orders differ, so that values do by some units in the last place of the largest ones
// between.
TEST_P(CudaLight, GivesWhatTheCpuGives) {
  const NetSpec spec = spec_of(GetParam());
  Pair pair(spec, test::LightWeights(spec), Precision::kFp32);
  std::unique_ptr<Tape> tape;  // used again by pictures of other sizes
  for (const auto &[h, w] :
       std::vector<std::pair<int, int>>{{1, 1}, {1, 9}, {7, 2}, {35, 37}, {9, 70}}) {
    SCOPED_TRACE(std::to_string(h) + "x" + std::to_string(w));
    const Picture lr = Picture::noise(1, h, w, 3), slope = slopes_for(lr, spec.scale, 4);
    const Picture shown = pair.up(lr);
    expect_near(shown, pair.host_up(lr), 2e-3);
    EXPECT_EQ(pair.up(lr, &tape).values(), shown.values());
    const Picture gradient = pair.pull(lr, slope, tape.get());
    expect_near(gradient, pair.host_pull(lr, slope), 1e-4);
    EXPECT_EQ(pair.pull(lr, slope).values(), gradient.values());
  }
}

// A pixel's bits depend on its surroundings alone, not on where the tiles lie.
TEST_P(CudaLight, CropsGiveTheWholePicture) {
  const NetSpec spec = spec_of(GetParam());
  Pair pair(spec, test::LightWeights(spec), Precision::kFp32);
  const int reach = spec.receptive_field(), s = spec.scale;
  const Picture lr = Picture::noise(1, 2 * reach + 13, 2 * reach + 36, 7);
  const Picture whole = pair.up(lr);
  const Rect crop{3, 5, lr.width() - 3, lr.height() - 5};
  Picture part(1, crop.height, crop.width);
  for (int y = 0; y < crop.height; ++y) {
    for (int x = 0; x < crop.width; ++x) part.at(0, y, x) = lr.at(0, y + crop.y, x + crop.x);
  }
  const Picture shown = pair.up(part);
  for (int y = reach * s; y < (crop.height - reach) * s; ++y) {
    for (int x = reach * s; x < (crop.width - reach) * s; ++x) {
      ASSERT_EQ(shown.at(0, y, x), whole.at(0, y + crop.y * s, x + crop.x * s)) << x << " " << y;
    }
  }
}

// <f'(x) v, s> = <v, f'(x)^T s>: along a direction in which no activation bends f is a line.
TEST_P(CudaLight, BackwardIsTheAdjoint) {
  const NetSpec spec = spec_of(GetParam());
  Pair pair(spec, test::LightWeights(spec), Precision::kFp32);
  const int h = 11, w = 34;
  const Picture lr = Picture::noise(1, h, w, 10), slope = slopes_for(lr, spec.scale, 12);
  Picture above = lr, below = lr;
  for (int y = 0; y < h; ++y) {
    for (int x = 0; x < w; ++x) {
      const auto step = static_cast<float>(2e-2 * std::sin(1.3 * (y * w + x)));
      above.at(0, y, x) += step;
      below.at(0, y, x) -= step;
    }
  }
  const std::vector<float> high = pair.up(above).values(), low = pair.up(below).values(),
                           s = slope.values(), g = pair.pull(lr, slope).values(),
                           up = above.values(), down = below.values();
  double forward = 0, backward = 0, size = 0;
  for (size_t i = 0; i < high.size(); ++i) {
    forward +=
        (static_cast<double>(high[i]) - static_cast<double>(low[i])) * static_cast<double>(s[i]);
  }
  for (size_t i = 0; i < up.size(); ++i) {
    const double part =
        (static_cast<double>(up[i]) - static_cast<double>(down[i])) * static_cast<double>(g[i]);
    backward += part;
    size += std::abs(part);
  }
  EXPECT_NEAR(forward, backward, 1e-2 * size);
}

INSTANTIATE_TEST_SUITE_P(All, CudaLight, testing::ValuesIn(kCases),
                         [](const auto &info) { return std::string(info.param.label); });

class CudaLightInteger : public testing::TestWithParam<Case> {};

// Bit for bit, far outside of the range of pictures, too.
TEST_P(CudaLightInteger, GivesTheBitsOfTheCpu) {
  const NetSpec spec = spec_of(GetParam());
  Pair pair(spec, test::LightWeights(spec), Precision::kInt16);
  for (const auto &[h, w] : std::vector<std::pair<int, int>>{{1, 1}, {5, 3}, {33, 37}}) {
    Picture lr = Picture::noise(1, h, w, 3);
    EXPECT_EQ(pair.up(lr).values(), pair.host_up(lr).values()) << h << "x" << w;
    const Picture slope = slopes_for(lr, spec.scale, 4);
    std::unique_ptr<Tape> tape;
    pair.up(lr, &tape);
    const Picture gradient = pair.pull(lr, slope, tape.get());
    expect_near(gradient, pair.host_pull(lr, slope), 1e-4);  // the same signs, in float32
    EXPECT_EQ(pair.pull(lr, slope).values(), gradient.values());
    lr.fill([](uint64_t i) { return i % 3 == 0 ? 1e6 : i % 3 == 1 ? -1e6 : 128.3; });
    EXPECT_EQ(pair.up(lr).values(), pair.host_up(lr).values()) << h << "x" << w;
  }
}

// Those whose last layer has no activation.
std::vector<Case> integer_cases() {
  std::vector<Case> cases;
  for (const Case &c : kCases) {
    if (spec_of(c).layers.back().slope == 1) cases.push_back(c);
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, CudaLightInteger, testing::ValuesIn(integer_cases()),
                         [](const auto &info) { return std::string(info.param.label); });

// The networks that come with the library, as load_network() opens them.
TEST(CudaLightBuiltIn, GivesWhatTheCpuGives) {
  for (const auto &[model, scale] :
       std::vector<std::pair<std::string, int>>{{"lite", 2}, {"base", 2}, {"base", 4}}) {
    for (const Precision precision : {Precision::kFp32, Precision::kInt16}) {
      SCOPED_TRACE(model + " x" + std::to_string(scale));
      client::NetworkRequest request;
      request.model = model;
      request.scale = scale;
      request.precision = precision;
      Pair pair(client::load_network(request, {}));
      const Picture lr = Picture::noise(1, 19, 35, 3), slope = slopes_for(lr, scale, 4);
      const Picture shown = pair.up(lr), expected = pair.host_up(lr);
      if (precision == Precision::kInt16) {
        EXPECT_EQ(shown.values(), expected.values());
      } else {
        expect_near(shown, expected, 2e-3);
        expect_near(pair.pull(lr, slope), pair.host_pull(lr, slope), 1e-4);
      }
    }
  }
}

// Said by whoever asks when it is done, or by the next call; then all is well again.
TEST(CudaLightFaults, WhatIsNotFiniteIsReported) {
  const NetSpec spec = client::parse_spec("lite", 2, "{}");
  Pair pair(spec, test::LightWeights(spec), Precision::kFp32);
  const Picture good = Picture::noise(1, 5, 7, 1);
  Picture bad = good;
  bad.at(0, 3, 3) = NAN;
  const auto text = [&](const char *function) {
    return std::string("weights 'test': ") + function +
           ": expected finite values, found NaN or infinity";
  };
  test::expect_file_error([&] { pair.up(bad); }, text("upscale"));
  pair.up(good);
  Picture slope = slopes_for(good, 2, 2);
  slope.at(0, 0, 1) = INFINITY;
  test::expect_file_error([&] { pair.pull(good, slope); }, text("derivative of upscale"));
  pair.pull(good, slopes_for(good, 2, 2));
}

}  // namespace
}  // namespace hcd::cuda
