// SPDX-License-Identifier: BSD-2-Clause
// Light networks against a plain implementation in double, finite differences, tiles, tapes, crops,
// threads and damaged files.
#include "client/light/light_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/parallel.h"
#include "image/kernel.h"
#include "support/errors.h"
#include "support/light_file.h"
#include "support/network_error.h"
#include "support/picture.h"

namespace hcd::client {
namespace {

using files::Safetensors;
using test::LightWeights;
using test::Picture;

std::unique_ptr<Network> make(const NetSpec &spec, const LightWeights &weights,
                              Precision precision = Precision::kFp32, const Log &log = {}) {
  return make_light_network(spec, Safetensors::parse(weights.bytes(), "test"), "lite", "bicubic",
                            precision, log);
}

// ---- the plain implementation ----

using Planes = std::vector<std::vector<double>>;  // [channel][y * width + x]

double skip_at(const NetSpec &spec, const Picture &lr, int y, int x) {
  const image::Kernel &kernel = *image::find_kernel(spec.skip);
  const auto taps = [&](int at, int n) {
    const double centre = (at + 0.5) / spec.scale - 0.5;
    std::vector<std::pair<int, double>> list;
    double sum = 0;
    for (int i = static_cast<int>(centre) - 5; i < centre + 5; ++i) {
      const double weight = kernel.weight(std::abs(i - centre));
      list.emplace_back(std::clamp(i, 0, n - 1), weight);
      sum += weight;
    }
    for (auto &tap : list) tap.second /= sum;
    return list;
  };
  double result = 0;
  for (const auto &[v, a] : taps(y, lr.height())) {
    for (const auto &[h, b] : taps(x, lr.width())) {
      result += a * b * static_cast<double>(lr.at(0, v, h));
    }
  }
  return result;
}

std::vector<double> plain(const NetSpec &spec, const LightWeights &weights, const Picture &lr) {
  const int h = lr.height(), w = lr.width(), s = spec.scale;
  const std::vector<float> codes = lr.values();
  Planes planes(1, std::vector<double>(codes.begin(), codes.end()));
  for (size_t l = 0; l < spec.layers.size(); ++l) {
    const ConvSpec &c = spec.layers[l];
    const auto &weight = weights.tensors.at(std::to_string(l) + ".weight").values;
    const auto &bias = weights.tensors.at(std::to_string(l) + ".bias").values;
    Planes next(static_cast<size_t>(c.out), std::vector<double>(codes.size()));
    for (int o = 0; o < c.out; ++o) {
      for (int y = 0; y < h; ++y) {
        for (int x = 0; x < w; ++x) {
          double sum = 255 * static_cast<double>(bias[static_cast<size_t>(o)]);
          for (int i = 0; i < c.in; ++i) {
            for (int ky = 0; ky < c.kernel; ++ky) {
              for (int kx = 0; kx < c.kernel; ++kx) {
                const int v = y + ky - c.kernel / 2, u = x + kx - c.kernel / 2;
                if (v < 0 || u < 0 || v >= h || u >= w) continue;
                const int at = ((o * c.in + i) * c.kernel + ky) * c.kernel + kx;
                sum += static_cast<double>(weight[static_cast<size_t>(at)]) *
                       planes[static_cast<size_t>(i)][static_cast<size_t>(v * w + u)];
              }
            }
          }
          const double slope = static_cast<double>(c.slope);
          next[static_cast<size_t>(o)][static_cast<size_t>(y * w + x)] =
              sum > 0 ? sum : slope * sum;
        }
      }
    }
    planes = std::move(next);
  }
  std::vector<double> hr;
  for (int y = 0; y < h * s; ++y) {
    for (int x = 0; x < w * s; ++x) {
      const auto channel = static_cast<size_t>(y % s * s + x % s);
      hr.push_back(planes[channel][static_cast<size_t>(y / s * w + x / s)] +
                   skip_at(spec, lr, y, x));
    }
  }
  return hr;
}

// ---- the cases ----

struct Case {
  const char *label;
  int scale;
  const char *config;
  Precision precision = Precision::kFp32;

  Case in_int16() const { return {label, scale, config, Precision::kInt16}; }
};

const Case kCases[] = {
    {"lite", 2, "{}"},
    {"odd", 2,
     R"({"layers": [{"out": 5, "activation": "relu"}, {"out": 12, "activation": "leaky_relu",
         "slope": 0.3}, {"out": 4}]})"},
    {"mixed", 3,
     R"({"skip": "bicubic", "layers": [{"out": 20, "kernel": 5, "activation": "relu"},
         {"out": 1, "kernel": 1, "activation": "leaky_relu"},
         {"out": 24, "activation": "leaky_relu"}, {"out": 9, "kernel": 5}]})"},
    {"four", 4,
     R"({"skip": "lanczos", "layers": [{"out": 4, "activation": "relu"},
         {"out": 40, "kernel": 1, "activation": "relu"}, {"out": 16, "kernel": 3}]})"},
    {"single", 2, R"({"layers": [{"out": 4, "kernel": 5, "activation": "leaky_relu"}]})"},
    {"flat", 3,
     R"({"skip": "mitchell", "layers": [{"out": 8, "kernel": 1}, {"out": 9, "kernel": 1}]})"},
};

class LightNetworkTest : public testing::TestWithParam<Case> {
 protected:
  LightNetworkTest()
      : spec_(parse_spec(GetParam().scale == 2 ? "lite" : "base", GetParam().scale,
                         GetParam().config)),
        weights_(spec_),
        network_(make(spec_, weights_, GetParam().precision)) {}

  Picture large(const Picture &lr) const {
    return Picture(1, lr.height() * spec_.scale, lr.width() * spec_.scale);
  }
  Picture up(const Picture &lr, int tile = 0, std::unique_ptr<Tape> *tape = nullptr) {
    Picture hr = large(lr);
    network_->forward({pool_, tile}, lr.view(), 0, hr.view(), tape);
    EXPECT_TRUE(hr.gaps_untouched());
    return hr;
  }
  Picture pull(const Picture &lr, const Picture &slope, int tile = 0, const Tape *tape = nullptr) {
    Picture gradient(1, lr.height(), lr.width());
    network_->backward({pool_, tile}, lr.view(), 0, tape, slope.view(), gradient.view());
    EXPECT_TRUE(gradient.gaps_untouched());
    return gradient;
  }
  double error_and_gradient(const Picture &lr, const Picture &target, const Rect &window,
                            Picture &gradient) {
    return test::error_and_gradient(*network_, {pool_}, lr.view(), target.view(), window,
                                    gradient.view());
  }

  NetSpec spec_;
  LightWeights weights_;
  std::unique_ptr<Network> network_;
  ThreadPool pool_{2};
};

class LightFloatTest : public LightNetworkTest {};

TEST_P(LightFloatTest, GivesWhatThePlainOneGives) {
  EXPECT_EQ(network_->info().receptive_field, spec_.receptive_field());
  for (const auto &[h, w] :
       std::vector<std::pair<int, int>>{{1, 1}, {1, 9}, {3, 2}, {7, 5}, {19, 33}}) {
    const Picture lr = Picture::noise(1, h, w, 3);
    const std::vector<double> expected = plain(spec_, weights_, lr);
    const std::vector<float> hr = up(lr).values();
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(static_cast<double>(hr[i]), expected[i], 2.5e-3) << h << "x" << w << " " << i;
    }
  }
}

// Of windows too: with some of the picture's edges, with none, of one pixel.
TEST_P(LightFloatTest, GradientIsThatOfFiniteDifferences) {
  const int s = spec_.scale, h = 21, w = 26;
  const Picture lr = Picture::noise(1, h, w, 4);
  for (const Rect &window :
       {Rect{0, 0, w * s, h * s}, Rect{3 * s, 0, 5 * s, 2 * s},
        Rect{10 * s + 1, 9 * s + 1, 3 * s + 1, s}, Rect{w * s - 1, h * s - 1, 1, 1}}) {
    const Picture target = Picture::noise(1, window.height, window.width, 5);
    Picture gradient(1, h, w);
    const double error = error_and_gradient(lr, target, window, gradient);
    const auto plain_error = [&](const Picture &at) {
      const std::vector<double> hr = plain(spec_, weights_, at);
      double sum = 0;
      for (int y = 0; y < window.height; ++y) {
        for (int x = 0; x < window.width; ++x) {
          const auto i = static_cast<size_t>((window.y + y) * w * s + window.x + x);
          sum += std::pow(hr[i] - static_cast<double>(target.at(0, y, x)), 2);
        }
      }
      return sum;
    };
    EXPECT_NEAR(error, plain_error(lr), 1e-5 * error + 1e-4);
    // Along a direction, with a step that few bends of the activations lie in.
    Picture above = lr, below = lr;
    double slope = 0, size = 0;  // size: of what the sum is made of
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < w; ++x) {
        const double step = 5e-4 * std::sin(1.3 * (y * w + x));
        above.at(0, y, x) += static_cast<float>(step);
        below.at(0, y, x) -= static_cast<float>(step);
        const auto g = static_cast<double>(gradient.at(0, y, x));
        slope +=
            g * (static_cast<double>(above.at(0, y, x)) - static_cast<double>(below.at(0, y, x)));
        size += 5e-4 * std::abs(g);
      }
    }
    EXPECT_NEAR(slope, plain_error(above) - plain_error(below), 2e-3 * size);
  }
}

// J^T is the adjoint of J: the network is linear along a direction in which no activation bends.
TEST_P(LightFloatTest, BackwardIsTheAdjoint) {
  const int h = 18, w = 23;
  const Picture lr = Picture::noise(1, h, w, 10), direction = Picture::noise(1, h, w, 11);
  const Picture v = Picture::noise(1, h * spec_.scale, w * spec_.scale, 12);
  constexpr double kStep = 2e-5;  // far below what lies between a value and its activation's bend
  const std::vector<double> above = plain(spec_, weights_, moved(lr, direction, kStep)),
                            below = plain(spec_, weights_, moved(lr, direction, -kStep));
  const std::vector<float> weights = v.values();
  // The floats that were moved lie a little beside where they were to lie.
  const std::vector<float> up = moved(lr, direction, kStep).values(),
                           down = moved(lr, direction, -kStep).values(),
                           pulled = pull(lr, v).values();
  double forward = 0, backward = 0, size = 0;
  for (size_t i = 0; i < above.size(); ++i) {
    forward += (above[i] - below[i]) * static_cast<double>(weights[i]);
  }
  for (size_t i = 0; i < up.size(); ++i) {
    const double part = (static_cast<double>(up[i]) - static_cast<double>(down[i])) *
                        static_cast<double>(pulled[i]);
    backward += part;
    size += std::abs(part);
  }
  EXPECT_NEAR(forward, backward, 2e-3 * size);
}

// The gradient of a window is zero where the window does not look.
TEST_P(LightFloatTest, LooksNoFartherThanItSays) {
  const int s = spec_.scale, reach = spec_.receptive_field(), n = 2 * reach + 9, middle = reach + 4;
  const Picture lr = Picture::noise(1, n, n, 6), target(1, s, s);
  Picture gradient(1, n, n);
  error_and_gradient(lr, target, {middle * s, middle * s, s, s}, gradient);
  int farthest = 0;
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      if (gradient.at(0, y, x) == 0) continue;
      farthest = std::max({farthest, std::abs(y - middle), std::abs(x - middle)});
    }
  }
  EXPECT_EQ(farthest, reach);
}

// Bit for bit: a pixel's value depends on its surroundings alone.
TEST_P(LightNetworkTest, CropsGiveTheWholePicture) {
  const int s = spec_.scale, reach = spec_.receptive_field();
  const Picture lr = Picture::noise(1, 40, 47, 7);
  const Picture whole = up(lr);
  for (const Rect &r : {Rect{3, 5, 30, 29}, Rect{11, 2, 2 * reach + 1, 2 * reach + 2}}) {
    Picture part(1, r.height * s, r.width * s);
    network_->forward({pool_}, lr.view().crop(r), 0, part.view(), nullptr);
    for (int y = reach * s; y < (r.height - reach) * s; ++y) {
      for (int x = reach * s; x < (r.width - reach) * s; ++x) {
        ASSERT_EQ(part.at(0, y, x), whole.at(0, y + r.y * s, x + r.x * s)) << x << " " << y;
      }
    }
  }
}

// Bit for bit, both ways, whatever the tiles and the threads.
TEST_P(LightNetworkTest, TilesGiveTheWholePicture) {
  const Picture lr = Picture::noise(1, 23, 31, 8);
  const Picture whole = up(lr, 1000), slope = Picture::noise(1, whole.height(), whole.width(), 9);
  const Picture pulled = pull(lr, slope, 1000);
  for (const int tile : {1, 3, 8, 17, 30}) {
    std::unique_ptr<Tape> tape;
    EXPECT_EQ(up(lr, tile, &tape).values(), whole.values()) << tile;
    EXPECT_EQ(pull(lr, slope, tile).values(), pulled.values()) << tile;
    EXPECT_EQ(pull(lr, slope, 31 - tile, tape.get()).values(), pulled.values()) << tile;
  }
}

// Bit for bit, also with a tape that another picture has used, and for another slope than the
// first.
TEST_P(LightNetworkTest, TapesGiveWhatIsComputedAgain) {
  std::unique_ptr<Tape> tape;
  for (const auto &[h, w] : std::vector<std::pair<int, int>>{{1, 1}, {13, 9}, {5, 1}, {40, 27}}) {
    const Picture lr = Picture::noise(1, h, w, static_cast<uint64_t>(h));
    EXPECT_EQ(up(lr, 0, &tape).values(), up(lr).values());
    for (const uint64_t seed : {20U, 21U}) {
      const Picture slope = moved(Picture::noise(1, h * spec_.scale, w * spec_.scale, seed),
                                  Picture::noise(1, h * spec_.scale, w * spec_.scale, 22), -1);
      EXPECT_EQ(pull(lr, slope, 0, tape.get()).values(), pull(lr, slope).values());
    }
  }
}

// From a crop that shows all that a part of the gradient depends on: the bits of the whole one.
TEST_P(LightNetworkTest, CropsGiveTheGradientOfTheWholePicture) {
  const int s = spec_.scale, h = 47, w = 53, reach = network_->info().receptive_field;
  const Picture lr = Picture::noise(1, h, w, 8), target = Picture::noise(1, h * s, w * s, 9);
  Picture whole(1, h, w);
  error_and_gradient(lr, target, target.all(), whole);
  for (const Rect &part : {Rect{0, 0, w, h}, Rect{0, 0, 9, 8}, Rect{20, 17, 11, 13},
                           Rect{w - 6, 5, 6, 21}, Rect{25, h - 1, 1, 1}}) {
    const Rect shown = part.grown(reach, w, h), seen = part.grown(2 * reach, w, h);
    Picture found(1, seen.height, seen.width);
    test::error_and_gradient(*network_, {pool_}, lr.view().crop(seen),
                             target.view().crop(shown.scaled(s)), shown.relative_to(seen).scaled(s),
                             found.view());
    for (int y = part.y; y < part.bottom(); ++y) {
      for (int x = part.x; x < part.right(); ++x) {
        ASSERT_EQ(found.at(0, y - seen.y, x - seen.x), whole.at(0, y, x)) << x << " " << y;
      }
    }
  }
}

TEST_P(LightNetworkTest, ManyCallsAtOnceGiveTheSameBits) {
  const int s = spec_.scale;
  constexpr int kCalls = 24;
  std::vector<std::vector<float>> shown(kCalls), gradients(kCalls);
  std::vector<double> errors(kCalls);
  const auto call = [&](int i) {
    ThreadPool alone(1);
    const Picture lr = Picture::noise(1, 11 + i % 3, 14 + i % 4, static_cast<uint64_t>(i % 6));
    Picture hr = large(lr), gradient(1, lr.height(), lr.width());
    const Picture target(1, lr.height() * s, lr.width() * s);
    network_->forward({alone}, lr.view(), 0, hr.view(), nullptr);
    errors[static_cast<size_t>(i)] =
        test::error_and_gradient(*network_, {alone}, lr, target, gradient);
    shown[static_cast<size_t>(i)] = hr.values();
    gradients[static_cast<size_t>(i)] = gradient.values();
  };
  for (int i = 0; i < kCalls; ++i) call(i);
  const auto first_shown = shown, first_gradients = gradients;
  const auto first_errors = errors;
  ThreadPool pool(4);
  pool.run(kCalls, call);
  EXPECT_EQ(errors, first_errors);
  EXPECT_EQ(shown, first_shown);
  EXPECT_EQ(gradients, first_gradients);
}

class LightIntegerTest : public LightNetworkTest {};

// What is lost by int16, both ways: the derivative is that of float32 at signs of which a few
// differ.
TEST_P(LightIntegerTest, IsNearFloat) {
  const auto exact = make(spec_, weights_);
  const Picture lr = Picture::noise(1, 37, 61, 5);
  Picture hr = large(lr), gradient(1, lr.height(), lr.width());
  const Picture slope = moved(Picture::noise(1, hr.height(), hr.width(), 6),
                              Picture::noise(1, hr.height(), hr.width(), 7), -1);
  exact->forward({pool_}, lr.view(), 0, hr.view(), nullptr);
  exact->backward({pool_}, lr.view(), 0, nullptr, slope.view(), gradient.view());
  const auto apart = [](const Picture &a, const Picture &b) {
    double error = 0, size = 0;
    const std::vector<float> x = a.values(), y = b.values();
    for (size_t i = 0; i < x.size(); ++i) {
      error += std::pow(static_cast<double>(x[i]) - static_cast<double>(y[i]), 2);
      size += std::pow(static_cast<double>(y[i]), 2);
    }
    return std::sqrt(error / size);
  };
  EXPECT_LT(apart(up(lr), hr), 2e-3);
  EXPECT_LT(apart(pull(lr, slope), gradient), 0.1);
  EXPECT_NE(up(lr).values(), hr.values());
}

// Values far beyond those of any picture are clipped, and nothing overflows.
TEST_P(LightIntegerTest, ClipsWhatIsTooLarge) {
  Picture lr = Picture::noise(1, 20, 23, 4);
  lr.fill([](uint64_t i) { return i % 3 == 0 ? 1e6 : i % 3 == 1 ? -1e6 : 128; });
  const Picture shown = up(lr);
  for (const float value : shown.values()) ASSERT_TRUE(std::isfinite(value));
}

const std::vector<Case> &all_cases() {
  static const std::vector<Case> cases(std::begin(kCases), std::end(kCases));
  return cases;
}

// All but those whose last layer has an activation.
std::vector<Case> integer_cases() {
  std::vector<Case> cases;
  for (const Case &c : kCases) {
    if (c.label != std::string("single")) cases.push_back(c.in_int16());
  }
  return cases;
}

std::string label(const testing::TestParamInfo<Case> &info) { return info.param.label; }

INSTANTIATE_TEST_SUITE_P(All, LightFloatTest, testing::ValuesIn(all_cases()), label);
INSTANTIATE_TEST_SUITE_P(Float, LightNetworkTest, testing::ValuesIn(all_cases()), label);
INSTANTIATE_TEST_SUITE_P(Integer, LightNetworkTest, testing::ValuesIn(integer_cases()), label);
INSTANTIATE_TEST_SUITE_P(All, LightIntegerTest, testing::ValuesIn(integer_cases()), label);

// ---- the choice of the precision ----

struct Told {
  std::vector<std::pair<hcd_log_level, std::string>> lines;
  Log log() {
    return {[](void *opaque, hcd_log_level level, const char *text) {
              static_cast<Told *>(opaque)->lines.emplace_back(level, text);
            },
            this};
  }
};

Picture shown(Network &network, const Picture &lr) {
  ThreadPool pool(1);
  Picture hr(1, 2 * lr.height(), 2 * lr.width());
  network.forward({pool}, lr.view(), 0, hr.view(), nullptr);
  return hr;
}

TEST(LightPrecision, AutoTakesWholeNumbers) {
  const NetSpec spec = parse_spec("lite", 2, "{}");
  LightWeights weights(spec);
  for (float &w : weights.tensors["5.weight"].values)
    w /= 50;  // as small as those of a trained one
  const Picture lr = Picture::noise(1, 20, 30, 3);
  Told told;
  const auto chosen = make(spec, weights, Precision::kAuto, told.log());
  EXPECT_EQ(shown(*chosen, lr).values(),
            shown(*make(spec, weights, Precision::kInt16), lr).values());
  ASSERT_EQ(told.lines.size(), 1U);
  EXPECT_EQ(told.lines[0].first, HCD_LOG_VERBOSE);
  EXPECT_NE(told.lines[0].second.find("int16 takes"), std::string::npos);
}

// Two channels that are large and cancel each other leave nothing of small ones in 16 bits.
TEST(LightPrecision, ANetworkThatLosesStaysInFloat) {
  const NetSpec spec =
      parse_spec("lite", 2, R"({"layers": [{"out": 8, "kernel": 1}, {"out": 4}]})");
  LightWeights weights(spec);
  for (float &w : weights.tensors["0.weight"].values) w = 0.05F;
  weights.tensors["0.bias"].values = {3000, 3000, 0, 0, 0, 0, 0, 0};
  auto &last = weights.tensors["1.weight"].values;
  for (size_t i = 0; i < last.size(); ++i) {
    const size_t channel = i / 9 % 8;
    last[i] = i % 9 != 4 ? 0.0F : channel == 0 ? 40.0F : channel == 1 ? -40.0F : 1.0F;
  }
  const Picture lr = Picture::noise(1, 20, 30, 3);
  const auto exact = shown(*make(spec, weights), lr).values();
  Told told;
  EXPECT_EQ(shown(*make(spec, weights, Precision::kAuto, told.log()), lr).values(), exact);
  ASSERT_EQ(told.lines.size(), 1U);
  EXPECT_EQ(told.lines[0].first, HCD_LOG_INFO);
  EXPECT_NE(told.lines[0].second.find("fp32 is used"), std::string::npos);
  Told warned;
  EXPECT_NE(shown(*make(spec, weights, Precision::kInt16, warned.log()), lr).values(), exact);
  ASSERT_EQ(warned.lines.size(), 1U);
  EXPECT_EQ(warned.lines[0].first, HCD_LOG_WARNING);
}

TEST(LightPrecision, TheLastLayerMayHaveNoActivation) {
  const NetSpec spec = parse_spec("lite", 2, kCases[4].config);
  const LightWeights weights(spec);
  const Picture lr = Picture::noise(1, 20, 30, 3);
  EXPECT_EQ(shown(*make(spec, weights, Precision::kAuto), lr).values(),
            shown(*make(spec, weights), lr).values());
  EXPECT_THROW(make(spec, weights, Precision::kInt16), Error);
}

// ---- files ----

NetSpec small_spec() {
  return parse_spec("lite", 2, R"({"layers": [{"out": 2, "activation": "relu"}, {"out": 4}]})");
}

void expect_refused(const LightWeights &weights, const std::string &what) {
  test::expect_file_error([&] { make(small_spec(), weights); }, "weights 'test': " + what);
}

TEST(LightFile, NamesTheTensorThatIsWrong) {
  const LightWeights sound(small_spec());
  LightWeights w = sound;
  w.tensors.erase("1.weight");
  expect_refused(w, "expected a tensor '1.weight' of shape [4, 2, 3, 3], found none");
  w = sound;
  w.tensors["1.weight"].shape = {4, 2, 9, 1};
  expect_refused(w, "tensor '1.weight': expected the shape [4, 2, 3, 3], found [4, 2, 9, 1]");
  w = sound;
  w.tensors["0.bias"] = {{3}, {1, 2, 3}};
  expect_refused(w, "tensor '0.bias': expected the shape [2], found [3]");
  w = sound;
  w.tensors["0.bias"].values[1] = NAN;
  expect_refused(w, "tensor '0.bias': expected finite numbers, found NaN or infinity");
  w = sound;
  w.tensors["2.bias"] = {{1}, {0}};
  expect_refused(w, "expected no tensor '2.bias', which this model has not, found F32 [1]");
}

TEST(LightFile, RefusesWholeNumbers) {
  const LightWeights sound(small_spec());
  std::vector<uint8_t> bytes = sound.bytes();
  std::string text(bytes.begin(), bytes.end());
  text.replace(text.find("\"F32\""), 5, "\"I32\"");
  bytes.assign(text.begin(), text.end());
  test::expect_file_error(
      [&] {
        make_light_network(small_spec(), Safetensors::parse(bytes, "test"), "lite", "bicubic");
      },
      "weights 'test': tensor '0.bias': expected finite numbers, found whole numbers");
}

TEST(LightFile, EveryTruncationIsRefused) {
  const std::vector<uint8_t> bytes = LightWeights(small_spec()).bytes();
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_THROW(
        make_light_network(small_spec(), Safetensors::parse(std::span(bytes).first(n), "test"),
                           "lite", "bicubic"),
        Error)
        << n;
  }
}

TEST(LightFile, ValuesThatOverflowAreNamed) {
  LightWeights weights(small_spec());
  for (float &v : weights.tensors["0.weight"].values) v = 3e38F;
  for (float &v : weights.tensors["1.weight"].values) v = 3e38F;
  const auto network = make(small_spec(), weights);
  ThreadPool pool(1);
  const Picture lr = Picture::noise(1, 5, 5, 1), slope = Picture::noise(1, 10, 10, 2);
  Picture hr(1, 10, 10), gradient(1, 5, 5);
  test::expect_file_error([&] { network->forward({pool}, lr.view(), 0, hr.view(), nullptr); },
                          "weights 'test': upscale: expected finite values, found NaN or infinity");
  test::expect_file_error(
      [&] { network->backward({pool}, lr.view(), 0, nullptr, slope.view(), gradient.view()); },
      "weights 'test': derivative of upscale: expected finite values, found NaN or infinity");
}

// Every half, against how float32 is read from bits.
TEST(LightFile, HalvesAreExact) {
  const NetSpec spec = parse_spec("lite", 2, R"({"layers": [{"out": 4, "kernel": 1}]})");
  for (const auto &[bits, value] : std::vector<std::pair<uint16_t, float>>{{0x3C00, 1},
                                                                           {0xBC00, -1},
                                                                           {0x0001, 0x1p-24F},
                                                                           {0x03FF, 0x3FFp-24F},
                                                                           {0x0400, 0x1p-14F},
                                                                           {0x7BFF, 65504},
                                                                           {0x3555, 0x1.554p-2F}}) {
    const std::vector<uint16_t> weight = {bits, 0, 0, 0}, bias(4, 0);
    const auto view = [](const std::vector<uint16_t> &values, std::vector<int64_t> shape) {
      return files::TensorView{
          files::Dtype::kF16,
          std::move(shape),
          {reinterpret_cast<const uint8_t *>(values.data()), values.size() * 2}};
    };
    const auto bytes = files::encode_safetensors(
        {{"0.weight", view(weight, {4, 1, 1, 1})}, {"0.bias", view(bias, {4})}}, {});
    const auto network =
        make_light_network(spec, Safetensors::parse(bytes, "half"), "lite", "bicubic");
    ThreadPool pool(1);
    Picture lr(1, 1, 1), hr(1, 2, 2);
    lr.at(0, 0, 0) = 1;
    network->forward({pool}, lr.view(), 0, hr.view(), nullptr);
    EXPECT_EQ(hr.at(0, 0, 0), value + 1);
    EXPECT_EQ(hr.at(0, 0, 1), 1.0F);
  }
}

}  // namespace
}  // namespace hcd::client
