// SPDX-License-Identifier: BSD-2-Clause
// Losses and their slopes.
#include <array>

#include "conformance/checks.h"
#include "conformance/on_engine.h"
#include "conformance/reference.h"

namespace hcd::conformance {
namespace {

using reference::Grid;

// Sums may be taken in floats, in pieces.
constexpr double kSum = 1e-5;

// |found - expected| over |expected|, as vectors.
double apart(const Picture &found, const Grid &expected) {
  double difference = 0, size = 0;
  for (int y = 0; y < expected.height; ++y) {
    for (int x = 0; x < expected.width; ++x) {
      difference += std::pow(static_cast<double>(found.at(0, y, x)) - expected.at(y, x), 2);
      size += std::pow(expected.at(y, x), 2);
    }
  }
  return std::sqrt(difference / size);
}

Picture empty(const Size &size, int channels = 1) {
  return Picture(channels, size.height, size.width, size.gap + 2);
}

void check_squared_error(Engine &engine) {
  for (const Size &size : kSizes) {
    for (const int channels : {1, 3}) {
      const Picture shown = noise(size, 1, channels), target = noise(size, 2, channels);
      OnEngine a(engine, shown), b(engine, target), slope(engine, empty(size, channels));
      double expected = 0;
      const auto u = shown.values(), v = target.values();
      for (size_t i = 0; i < u.size(); ++i) {
        expected += std::pow(static_cast<double>(u[i]) - static_cast<double>(v[i]), 2);
      }
      EXPECT_NEAR(engine.squared_error(a.read(), b.read(), 0.25F, slope.view()).value(), expected,
                  kSum * expected)
          << text(size);
      EXPECT_NEAR(engine.squared_error(a.read(), b.read(), 7, {}).value(), expected,
                  kSum * expected);
      EXPECT_EQ(engine.squared_error(a.read(), a.read(), 1, {}).value(), 0);
      const auto found = slope.result().values();
      for (size_t i = 0; i < u.size(); ++i) ASSERT_EQ(found[i], 0.25F * (u[i] - v[i]));
    }
  }
}

// Ties to even, and what a player cannot show.
void check_shown_error(Engine &engine) {
  for (const int depth : {8, 10, 16}) {
    const double scale = 1 << (depth - 8), top = (1 << depth) - 1;
    for (const Size &size : kSizes) {
      const Random random(9);
      Picture shown = noise(size, 1), truth = noise(size, 2);
      shown.fill([&](uint64_t i) {
        const double code = std::floor(random.uniform(i) * (top + 20)) - 10;
        return (i % 3 == 0 ? code + 0.5 : code + random.uniform(i + 1)) / scale;
      });
      truth.fill([&](uint64_t i) { return std::floor(random.uniform(3 * i) * (top + 1)) / scale; });
      double expected = 0;
      for (int y = 0; y < size.height; ++y) {
        for (int x = 0; x < size.width; ++x) {
          const double code =
              std::clamp(std::nearbyint(static_cast<double>(shown.at(0, y, x)) * scale), 0.0, top);
          expected += std::pow(code / scale - static_cast<double>(truth.at(0, y, x)), 2);
        }
      }
      expected /= size.height * size.width;
      OnEngine a(engine, shown), b(engine, truth);
      EXPECT_NEAR(engine.shown_error(depth, a.read(), b.read()).value(), expected, kSum * expected)
          << text(size) << " depth " << depth;
      EXPECT_EQ(engine.shown_error(depth, b.read(), b.read()).value(), 0) << text(size);
    }
  }
}

// ---- lost detail ----

const std::vector<Size> kDetailSizes = {{1, 1, 0}, {1, 9, 3},   {5, 1, 0},   {3, 2, 1},
                                        {8, 8, 0}, {23, 18, 5}, {40, 33, 0}, {70, 300, 1}};

// Detail of every size, of a picture in the middle of the scale.
Picture rough(const Size &size, uint64_t seed) {
  Picture picture = noise(size, seed);
  const Random random(seed);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      double sum = 128;
      for (int side = 1; side <= 16; side *= 2) {
        const auto block = static_cast<uint64_t>(y / side * 1000 + x / side);
        sum += 10 * random.normal(1000000 * static_cast<uint64_t>(side) + block);
      }
      picture.at(0, y, x) = static_cast<float>(sum);
    }
  }
  return picture;
}

// Less detail here, more there.
Picture changed(const Picture &reference, const Size &size) {
  const auto a = reference.values(), b = rough(size, 78).values();
  Picture picture = reference;
  picture.fill([&](uint64_t i) {
    const double u = a[static_cast<size_t>(i)], v = b[static_cast<size_t>(i)];
    return 128 + 0.7 * (u - 128) + 0.2 * (v - 128);
  });
  return picture;
}

void check_detail(Engine &engine) {
  for (const Size &size : kDetailSizes) {
    const Picture reference = rough(size, 77), test = changed(reference, size);
    OnEngine o(engine, reference), t(engine, test), gradient(engine, empty(size));
    const auto detail = engine.detail(o.read());
    engine.fill(o.view(), NAN);  // it is not kept
    const double value = detail->value_and_gradient(t.read(), gradient.view()).value();
    EXPECT_NEAR(value, reference::lost_detail(Grid(test), Grid(reference)), 2e-5) << text(size);
    EXPECT_EQ(detail->value_and_gradient(t.read(), {}).value(), value) << text(size);
    EXPECT_EQ(t.result().values(), test.values()) << text(size);
    // Again, and of something else: nothing is left of the first time.
    OnEngine other(engine, reference), unused(engine, empty(size));
    EXPECT_NEAR(detail->value_and_gradient(other.read(), unused.view()).value(), 0, 2e-5)
        << text(size);
    EXPECT_EQ(detail->value_and_gradient(t.read(), unused.view()).value(), value) << text(size);
    EXPECT_EQ(unused.result().values(), gradient.result().values()) << text(size);
  }
}

void check_detail_of_flat_planes(Engine &engine) {
  for (const Size &size : kDetailSizes) {
    const Picture rough_one = rough(size, 77);
    Picture flat = rough_one;
    flat.fill([](uint64_t) { return 90; });
    for (const bool flat_reference : {false, true}) {
      const Picture &reference = flat_reference ? flat : rough_one;
      for (const Picture *test : std::array<const Picture *, 2>{&flat, &rough_one}) {
        OnEngine o(engine, reference), t(engine, *test), gradient(engine, empty(size));
        EXPECT_NEAR(engine.detail(o.read())->value_and_gradient(t.read(), gradient.view()).value(),
                    reference::lost_detail(Grid(*test), Grid(reference)), 2e-5)
            << text(size);
        for (const float v : gradient.result().values()) ASSERT_TRUE(std::isfinite(v));
      }
    }
  }
}

// By differences, sample by sample.
void check_detail_slope(Engine &engine) {
  for (const Size &size : kDetailSizes) {
    if (size.height * size.width > 1500) continue;  // each difference costs a whole picture
    const Picture reference = rough(size, 77), test = changed(reference, size);
    OnEngine o(engine, reference), t(engine, test), gradient(engine, empty(size));
    engine.detail(o.read())->value_and_gradient(t.read(), gradient.view()).value();
    const Grid before(reference);
    Grid at(test), expected(size.height, size.width);
    constexpr double kStep = 1e-5;
    double largest = 0;
    for (size_t i = 0; i < at.values.size(); ++i) {
      const double value = at.values[i];
      at.values[i] = value + kStep;
      const double above = reference::lost_detail(at, before);
      at.values[i] = value - kStep;
      expected.values[i] = (above - reference::lost_detail(at, before)) / (2 * kStep);
      at.values[i] = value;
      largest = std::max(largest, std::abs(expected.values[i]));
    }
    if (largest < 1e-9) {  // of one sample there is no detail
      for (const float v : gradient.result().values()) EXPECT_NEAR(v, 0, 1e-6) << text(size);
    } else {
      EXPECT_LT(apart(gradient.result(), expected), 2e-3) << text(size);
    }
  }
}

// ---- the mixed loss ----

void check_mix_slope(Engine &engine) {
  constexpr image::Range kRange{0, 255};
  const MixWeights kWeights{0.5F, 2, 30};
  for (const Size &size : kSizes) {
    const Random random(4);
    Picture shown = noise(size, 1), y = shown;
    shown.fill([&](uint64_t i) {
      return i % 5 == 0 ? 0 : i % 5 == 1 ? 255 : 255 * random.uniform(i);  // 0, 255: clipped
    });
    // Ranges of many widths.
    y.fill(
        [&](uint64_t i) { return 100 + 50 * random.uniform(i / 7) + 9 * random.uniform(i + 1); });
    const Picture slope = noise(size, 5);
    const Grid source(y);
    OnEngine a(engine, shown), b(engine, y), s(engine, slope);
    const double value = engine.mix_slope(a.read(), b.read(), kRange, kWeights, s.view()).value();
    const Picture &found = s.result();
    double expected = 0;
    for (int v = 0; v < size.height; ++v) {
      for (int u = 0; u < size.width; ++u) {
        double least = 1e9, most = -1e9;
        for (int near_v = v - 1; near_v <= v + 1; ++near_v) {
          for (int near_u = u - 1; near_u <= u + 1; ++near_u) {
            least = std::min(least, source.nearest(near_v, near_u));
            most = std::max(most, source.nearest(near_v, near_u));
          }
        }
        const double x = shown.at(0, v, u), error = x - source.nearest(v, u);
        const double excess = x - std::clamp(x, least, most);
        expected += 0.5 * error * error + 2 * excess * excess;
        const double inside =
            0.5 * error + 2 * excess + 30 * static_cast<double>(slope.at(0, v, u));
        ASSERT_NEAR(static_cast<double>(found.at(0, v, u)), x > 0 && x < 255 ? inside : 0, 2e-3)
            << text(size);
      }
    }
    EXPECT_NEAR(value, expected, kSum * expected) << text(size);
    EXPECT_EQ(engine.mix_slope(a.read(), b.read(), kRange, kWeights, {}).value(), value)
        << text(size);
  }
}

}  // namespace

std::vector<Check> loss_checks() {
  return {{"SquaredError", "squared_error", check_squared_error},
          {"ShownError", "shown_error", check_shown_error},
          {"Detail", "detail", check_detail},
          {"DetailOfFlatPlanes", "detail", check_detail_of_flat_planes},
          {"DetailSlope", "detail slope", check_detail_slope},
          {"MixSlope", "mix_slope", check_mix_slope}};
}

}  // namespace hcd::conformance
