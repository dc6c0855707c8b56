// SPDX-License-Identifier: BSD-2-Clause
// Light networks against a plain implementation in double, finite differences, crops, threads and
// damaged files.
#include "client/light/spec_network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "base/parallel.h"
#include "image/kernel.h"
#include "support/errors.h"
#include "support/light_file.h"
#include "support/random_values.h"

namespace hcd::client {
namespace {

using test::LightWeights;

struct Picture {
  Picture(int h, int w, float value = 0)
      : height(h), width(w), values(static_cast<size_t>(h) * w, value) {}
  ConstPlane view() const { return {values.data(), 1, height, width, width, 0}; }
  Plane view() { return {values.data(), 1, height, width, width, 0}; }
  float at(int y, int x) const { return values[static_cast<size_t>(y) * width + x]; }

  int height, width;
  std::vector<float> values;
};

Picture random_picture(int height, int width, uint64_t seed) {
  Picture picture(height, width);
  picture.values = test::random_values(picture.values.size(), seed);
  for (float &v : picture.values) v /= 255;
  return picture;
}

std::unique_ptr<Network> make(const NetSpec &spec, const LightWeights &weights) {
  return make_spec_network(spec, Safetensors::parse(weights.bytes(), "test"), "lite", "bicubic");
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
  for (const auto &[v, a] : taps(y, lr.height)) {
    for (const auto &[h, b] : taps(x, lr.width)) {
      result += a * b * static_cast<double>(lr.at(v, h));
    }
  }
  return result;
}

std::vector<double> plain(const NetSpec &spec, const LightWeights &weights, const Picture &lr) {
  const int h = lr.height, w = lr.width, s = spec.scale;
  Planes planes(1, std::vector<double>(lr.values.begin(), lr.values.end()));
  for (size_t l = 0; l < spec.layers.size(); ++l) {
    const ConvSpec &c = spec.layers[l];
    const auto &weight = weights.tensors.at(std::to_string(l) + ".weight").values;
    const auto &bias = weights.tensors.at(std::to_string(l) + ".bias").values;
    Planes next(static_cast<size_t>(c.out), std::vector<double>(lr.values.size()));
    for (int o = 0; o < c.out; ++o) {
      for (int y = 0; y < h; ++y) {
        for (int x = 0; x < w; ++x) {
          double sum = static_cast<double>(bias[static_cast<size_t>(o)]);
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

class SpecNetworkTest : public testing::TestWithParam<Case> {
 protected:
  SpecNetworkTest()
      : spec_(parse_spec(GetParam().scale == 2 ? "lite" : "base", GetParam().scale,
                         GetParam().config)),
        weights_(spec_),
        network_(make(spec_, weights_)) {}

  Picture up(const Picture &lr) const {
    Picture hr(lr.height * spec_.scale, lr.width * spec_.scale, NAN);
    network_->upscale(std::as_const(lr).view(), hr.view());
    return hr;
  }

  NetSpec spec_;
  LightWeights weights_;
  std::unique_ptr<Network> network_;
};

TEST_P(SpecNetworkTest, GivesWhatThePlainOneGives) {
  EXPECT_EQ(network_->info().receptive_field, spec_.receptive_field());
  for (const auto &[h, w] :
       std::vector<std::pair<int, int>>{{1, 1}, {1, 9}, {3, 2}, {7, 5}, {19, 33}}) {
    const Picture lr = random_picture(h, w, 3);
    const std::vector<double> expected = plain(spec_, weights_, lr);
    const Picture hr = up(lr);
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(static_cast<double>(hr.values[i]), expected[i], 1e-5)
          << h << "x" << w << " " << i;
    }
  }
}

// Of windows too: with some of the picture's edges, with none, of one pixel.
TEST_P(SpecNetworkTest, GradientIsThatOfFiniteDifferences) {
  const int s = spec_.scale, h = 21, w = 26;
  const Picture lr = random_picture(h, w, 4);
  for (const Rect &window :
       {Rect{0, 0, w * s, h * s}, Rect{3 * s, 0, 5 * s, 2 * s},
        Rect{10 * s + 1, 9 * s + 1, 3 * s + 1, s}, Rect{w * s - 1, h * s - 1, 1, 1}}) {
    const Picture target = random_picture(window.height, window.width, 5);
    Picture gradient(h, w, 0.5F);
    const double error =
        network_->error_and_gradient(lr.view(), target.view(), window, gradient.view());
    const auto plain_error = [&](const Picture &at) {
      const std::vector<double> hr = plain(spec_, weights_, at);
      double sum = 0;
      for (int y = 0; y < window.height; ++y) {
        for (int x = 0; x < window.width; ++x) {
          const auto i = static_cast<size_t>((window.y + y) * w * s + window.x + x);
          sum += std::pow(hr[i] - static_cast<double>(target.at(y, x)), 2);
        }
      }
      return sum;
    };
    EXPECT_NEAR(error, plain_error(lr), 1e-5 * error + 1e-9);
    // Along a direction, with a step that few bends of the activations lie in.
    Picture above = lr, below = lr;
    double slope = 0;
    for (size_t i = 0; i < lr.values.size(); ++i) {
      const double step = 2e-6 * std::sin(1.3 * static_cast<double>(i));
      above.values[i] += static_cast<float>(step);
      below.values[i] -= static_cast<float>(step);
      slope += (static_cast<double>(gradient.values[i]) - 0.5) *
               (static_cast<double>(above.values[i]) - static_cast<double>(below.values[i]));
    }
    const double difference = plain_error(above) - plain_error(below);
    double size = 0;  // of what the sum is made of
    for (const float g : gradient.values) size += 2e-6 * std::abs(static_cast<double>(g) - 0.5);
    EXPECT_NEAR(slope, difference, 2e-3 * size);
  }
}

// The gradient of a window is zero where the window does not look.
TEST_P(SpecNetworkTest, LooksNoFartherThanItSays) {
  const int s = spec_.scale, reach = spec_.receptive_field(), n = 2 * reach + 9, middle = reach + 4;
  const Picture lr = random_picture(n, n, 6), target(s, s, 0);
  Picture gradient(n, n);
  network_->error_and_gradient(lr.view(), target.view(), {middle * s, middle * s, s, s},
                               gradient.view());
  int farthest = 0;
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      if (gradient.at(y, x) == 0) continue;
      farthest = std::max({farthest, std::abs(y - middle), std::abs(x - middle)});
    }
  }
  EXPECT_EQ(farthest, reach);
}

// Bit for bit: a pixel's value depends on its surroundings alone.
TEST_P(SpecNetworkTest, CropsGiveTheWholePicture) {
  const int s = spec_.scale, reach = spec_.receptive_field();
  const Picture lr = random_picture(40, 47, 7);
  const Picture whole = up(lr);
  for (const auto &[x0, y0, w, h] :
       std::vector<std::array<int, 4>>{{3, 5, 30, 29}, {11, 2, 2 * reach + 1, 2 * reach + 2}}) {
    const ConstPlane cut = lr.view().crop(x0, y0, w, h);
    Picture part(h * s, w * s);
    network_->upscale(cut, part.view());
    for (int y = reach * s; y < (h - reach) * s; ++y) {
      for (int x = reach * s; x < (w - reach) * s; ++x) {
        ASSERT_EQ(part.at(y, x), whole.at(y + y0 * s, x + x0 * s)) << x << " " << y;
      }
    }
  }
}

TEST_P(SpecNetworkTest, WindowsGiveTheWholePicture) {
  const int s = spec_.scale, h = 23, w = 31;
  const Picture lr = random_picture(h, w, 8);
  const Picture whole = up(lr);
  for (const Rect &window : {Rect{0, 0, w * s, h * s}, Rect{2 * s, s, 15 * s, 14 * s},
                               Rect{7 * s + 1, 8 * s + 1, 5, 4}, Rect{w * s - 1, 0, 1, 1}}) {
    Picture part(window.height, window.width);
    network_->upscale_window(lr.view(), window, part.view());
    for (int y = 0; y < window.height; ++y) {
      for (int x = 0; x < window.width; ++x) {
        ASSERT_EQ(part.at(y, x), whole.at(y + window.y, x + window.x)) << x << " " << y;
      }
    }
  }
}

// From a crop that shows all that a part of the gradient depends on: the bits of the whole one.
TEST_P(SpecNetworkTest, PartsOfTheGradientAreThatOfTheWholePicture) {
  ASSERT_TRUE(network_->info().exact_parts);
  const int s = spec_.scale, h = 47, w = 53, reach = network_->info().receptive_field;
  const Picture lr = random_picture(h, w, 8), target = random_picture(h * s, w * s, 9);
  Picture whole(h, w);
  network_->error_and_gradient(lr.view(), target.view(), {0, 0, w * s, h * s}, whole.view());
  const auto grown = [&](const Rect &part, int by) {
    const int x = std::max(0, part.x - by), y = std::max(0, part.y - by);
    return Rect{x, y, std::min(w, part.x + part.width + by) - x,
                  std::min(h, part.y + part.height + by) - y};
  };
  const auto inside = [](const Rect &a, const Rect &b, int scale) {
    return Rect{(a.x - b.x) * scale, (a.y - b.y) * scale, a.width * scale, a.height * scale};
  };
  for (const Rect &part : {Rect{0, 0, w, h}, Rect{0, 0, 9, 8}, Rect{20, 17, 11, 13},
                             Rect{w - 6, 5, 6, 21}, Rect{25, h - 1, 1, 1}}) {
    const Rect shown = grown(part, reach), seen = grown(part, 2 * reach);
    Picture found(seen.height, seen.width);
    network_->gradient_part(
        lr.view().crop(seen.x, seen.y, seen.width, seen.height),
        target.view().crop(shown.x * s, shown.y * s, shown.width * s, shown.height * s),
        inside(shown, seen, s), inside(part, seen, 1), found.view());
    for (int y = part.y; y < part.y + part.height; ++y) {
      for (int x = part.x; x < part.x + part.width; ++x) {
        ASSERT_EQ(found.at(y - seen.y, x - seen.x), whole.at(y, x)) << x << " " << y;
      }
    }
  }
}

TEST_P(SpecNetworkTest, ManyCallsAtOnceGiveTheSameBits) {
  const int s = spec_.scale;
  constexpr int kCalls = 24;
  std::vector<Picture> shown, gradients;
  std::vector<double> errors(kCalls);
  const auto call = [&](int i) {
    const Picture lr = random_picture(11 + i % 3, 14 + i % 4, static_cast<uint64_t>(i % 6));
    const Picture target(lr.height * s, lr.width * s, 0.3F);
    Picture &gradient = gradients[static_cast<size_t>(i)], &hr = shown[static_cast<size_t>(i)];
    gradient = Picture(lr.height, lr.width);
    hr = Picture(lr.height * s, lr.width * s);
    network_->upscale(lr.view(), hr.view());
    errors[static_cast<size_t>(i)] = network_->error_and_gradient(
        lr.view(), target.view(), {0, 0, lr.width * s, lr.height * s}, gradient.view());
  };
  shown.assign(kCalls, Picture(0, 0));
  gradients = shown;
  for (int i = 0; i < kCalls; ++i) call(i);
  const auto first_shown = shown, first_gradients = gradients;
  const auto first_errors = errors;
  ThreadPool pool(4);
  pool.run(kCalls, call);
  EXPECT_EQ(errors, first_errors);
  for (size_t i = 0; i < kCalls; ++i) {
    EXPECT_EQ(shown[i].values, first_shown[i].values);
    EXPECT_EQ(gradients[i].values, first_gradients[i].values);
  }
}

INSTANTIATE_TEST_SUITE_P(All, SpecNetworkTest, testing::ValuesIn(kCases),
                         [](const auto &info) { return std::string(info.param.label); });

// ---- files ----

NetSpec small_spec() {
  return parse_spec("lite", 2, R"({"layers": [{"out": 2, "activation": "relu"}, {"out": 4}]})");
}

void expect_refused(const LightWeights &weights, const std::string &what) {
  test::expect_file_error([&] { make(small_spec(), weights); }, "weights 'test': " + what);
}

TEST(SpecWeights, NamesTheTensorThatIsWrong) {
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

TEST(SpecWeights, RefusesWholeNumbers) {
  const LightWeights sound(small_spec());
  std::vector<uint8_t> bytes = sound.bytes();
  std::string text(bytes.begin(), bytes.end());
  text.replace(text.find("\"F32\""), 5, "\"I32\"");
  bytes.assign(text.begin(), text.end());
  test::expect_file_error(
      [&] {
        make_spec_network(small_spec(), Safetensors::parse(bytes, "test"), "lite", "bicubic");
      },
      "weights 'test': tensor '0.bias': expected finite numbers, found whole numbers");
}

TEST(SpecWeights, EveryTruncationIsRefused) {
  const std::vector<uint8_t> bytes = LightWeights(small_spec()).bytes();
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_THROW(
        make_spec_network(small_spec(), Safetensors::parse(std::span(bytes).first(n), "test"),
                          "lite", "bicubic"),
        Error)
        << n;
  }
}

TEST(SpecWeights, ValuesThatOverflowAreNamed) {
  LightWeights weights(small_spec());
  for (float &v : weights.tensors["0.weight"].values) v = 3e38F;
  for (float &v : weights.tensors["1.weight"].values) v = 3e38F;
  const auto network = make(small_spec(), weights);
  const Picture lr = random_picture(5, 5, 1), target(10, 10);
  Picture hr(10, 10), gradient(5, 5);
  const std::string text = "weights 'test': upscale: expected finite values, found NaN or infinity";
  test::expect_file_error([&] { network->upscale(lr.view(), hr.view()); }, text);
  test::expect_file_error(
      [&] {
        network->error_and_gradient(lr.view(), target.view(), {0, 0, 10, 10}, gradient.view());
      },
      text);
}

// Every half, against how float32 is read from bits.
TEST(SpecWeights, HalvesAreExact) {
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
      return TensorView{Dtype::kF16,
                        std::move(shape),
                        {reinterpret_cast<const uint8_t *>(values.data()), values.size() * 2}};
    };
    const auto bytes = encode_safetensors(
        {{"0.weight", view(weight, {4, 1, 1, 1})}, {"0.bias", view(bias, {4})}}, {});
    const auto network =
        make_spec_network(spec, Safetensors::parse(bytes, "half"), "lite", "bicubic");
    const Picture lr(1, 1, 1);
    Picture hr(2, 2);
    network->upscale(lr.view(), hr.view());
    EXPECT_EQ(hr.at(0, 0), value + 1);
    EXPECT_EQ(hr.at(0, 1), 1.0F);
  }
}

}  // namespace
}  // namespace hcd::client
