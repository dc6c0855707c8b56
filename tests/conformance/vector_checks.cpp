// SPDX-License-Identifier: BSD-2-Clause
// Memory and long vectors.
#include "base/random.h"
#include "conformance/checks.h"
#include "conformance/on_engine.h"

namespace hcd::conformance {
namespace {

// Nothing, one, less and more than a piece of work, several and a rest.
constexpr size_t kLengths[] = {0, 1, 7, 16, 1000, 16384, 50003};

std::vector<float> values(size_t n, uint64_t seed) {
  const Random random(seed);
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = static_cast<float>(random.normal(i));
  return values;
}

// Rounding of a product and a sum of numbers of this size: a float's, twice.
void expect_rounded(float found, double expected, double size) {
  EXPECT_NEAR(static_cast<double>(found), expected, 0x1p-22 * size);
}

void check_vector_copy(Engine &engine) {
  for (const size_t n : kLengths) {
    VectorOnEngine from(engine, values(n, 1)), to(engine, values(n, 2));
    engine.copy(from.read(), to.span());
    EXPECT_EQ(to.result(), values(n, 1));
  }
}

// Views with gaps on both sides, of their own; several planes.
void check_copy(Engine &engine) {
  for (const Size &size : kSizes) {
    for (const int channels : {1, 3}) {
      const Picture picture = noise(size, 1, channels);
      OnEngine from(engine, picture);
      OnEngine to(engine, noise({size.height, size.width, size.gap + 1}, 2, channels));
      engine.copy(from.read(), to.view());
      EXPECT_EQ(to.result().values(), picture.values()) << text(size);
    }
  }
}

void check_fill(Engine &engine) {
  for (const Size &size : kSizes) {
    for (const int channels : {1, 3}) {
      OnEngine plane(engine, noise(size, 1, channels));
      engine.fill(plane.view(), -2.5F);
      for (const float v : plane.result().values()) ASSERT_EQ(v, -2.5F) << text(size);
    }
  }
}

void check_dot(Engine &engine) {
  for (const size_t n : kLengths) {
    const auto a = values(n, 1), b = values(n, 2);
    double expected = 0, size = 1e-30;
    for (size_t i = 0; i < n; ++i) {
      expected += static_cast<double>(a[i]) * static_cast<double>(b[i]);
      size += std::abs(static_cast<double>(a[i]) * static_cast<double>(b[i]));
    }
    VectorOnEngine x(engine, a), y(engine, b);
    // Sums may be taken in floats, in pieces.
    EXPECT_NEAR(engine.dot(x.read(), y.read()).value(), expected, 1e-5 * size) << n;
    const double once = engine.dot(x.read(), x.read()).value();
    EXPECT_EQ(engine.dot(x.read(), x.read()).value(), once);
    EXPECT_GE(once, 0);
  }
}

void check_axpy(Engine &engine) {
  for (const size_t n : kLengths) {
    const auto x = values(n, 1), y = values(n, 2);
    VectorOnEngine a(engine, x), b(engine, y);
    engine.axpy(-1.7F, a.read(), b.span());
    const auto found = b.result();
    for (size_t i = 0; i < n; ++i) {
      expect_rounded(
          found[i],
          static_cast<double>(y[i]) - static_cast<double>(1.7F) * static_cast<double>(x[i]), 10);
    }
    EXPECT_EQ(a.result(), x);
  }
}

void check_xpby(Engine &engine) {
  for (const size_t n : kLengths) {
    const auto x = values(n, 1), y = values(n, 2);
    VectorOnEngine a(engine, x), b(engine, y);
    engine.xpby(a.read(), 0.3F, b.span());
    const auto found = b.result();
    for (size_t i = 0; i < n; ++i) {
      expect_rounded(
          found[i],
          static_cast<double>(x[i]) + static_cast<double>(0.3F) * static_cast<double>(y[i]), 10);
    }
    EXPECT_EQ(a.result(), x);
  }
}

// One rounding: exact.
void check_subtract(Engine &engine) {
  for (const size_t n : kLengths) {
    const auto x = values(n, 1), y = values(n, 2);
    VectorOnEngine a(engine, x), b(engine, y), c(engine, values(n, 3));
    engine.subtract(a.read(), b.read(), c.span());
    const auto found = c.result();
    for (size_t i = 0; i < n; ++i) ASSERT_EQ(found[i], x[i] - y[i]);
    engine.subtract(a.read(), b.read(), a.span());  // in place
    EXPECT_EQ(a.result(), found);
  }
}

void check_scale(Engine &engine) {
  for (const size_t n : kLengths) {
    const auto x = values(n, 1);
    VectorOnEngine a(engine, x);
    engine.scale(-0.7F, a.span());
    const auto found = a.result();
    for (size_t i = 0; i < n; ++i) ASSERT_EQ(found[i], -0.7F * x[i]);
    engine.scale(0, a.span());
    for (const float v : a.result()) ASSERT_EQ(v, 0);
  }
}

// The numbers themselves are promised: in a float's last bit, which a logarithm may round
// elsewhere.
void check_normal(Engine &engine) {
  for (const size_t n : kLengths) {
    VectorOnEngine a(engine, std::vector<float>(n, NAN));
    engine.normal(17 + n, a.span());
    const auto found = a.result();
    const Random random(17 + n);
    for (size_t i = 0; i < n; ++i) expect_rounded(found[i], random.normal(i), 4);
  }
}

// Sums as factors of what follows, and asked for; done again with other values on the same memory,
// which an engine may have recorded.
void check_numbers(Engine &engine) {
  for (const size_t n : {size_t{7}, size_t{50003}}) {
    const auto y = values(n, 2);
    VectorOnEngine a(engine, y), b(engine, y), c(engine, y);
    const auto work = [&]() -> std::vector<Number> {
      const Number square = engine.dot(a.read(), a.read()),
                   product = engine.dot(a.read(), b.read());
      const Number length = sqrt(square);
      const Number part = max(product / length, -length) - 0.25 * min(length, 3);
      const Number large = exceeds(square, static_cast<double>(n));
      engine.copy(b.read(), c.span());
      engine.axpy(part / static_cast<double>(n), a.read(), c.span());
      engine.scale(1 + large, c.span());
      return {part, large, 2};
    };
    std::unique_ptr<Recording> recording;
    for (int time = 0; time < 4; ++time) {
      auto x = values(n, 3 + static_cast<uint64_t>(time));
      for (float &v : x) v *= time % 2 ? 2.0F : 0.5F;
      engine.copy(ConstVector(x), a.span());
      double square = 0, product = 0;
      for (size_t i = 0; i < n; ++i) {
        square += static_cast<double>(x[i]) * static_cast<double>(x[i]);
        product += static_cast<double>(x[i]) * static_cast<double>(y[i]);
      }
      const double length = std::sqrt(square);
      const double part = std::max(product / length, -length) - 0.25 * std::min(length, 3.0);
      const double large = square > static_cast<double>(n) ? 1 : 0;
      // The first time as in a session, where it prepares what cannot be recorded.
      const auto found = engine.queue(work, time == 0 ? nullptr : &recording)->wait();
      ASSERT_EQ(found.size(), 3U);
      EXPECT_NEAR(found[0], part, 1e-5 * length) << time;
      EXPECT_EQ(found[1], large) << time;
      EXPECT_EQ(found[2], 2) << time;
      const auto result = c.result();
      for (size_t i = 0; i < n; ++i) {
        const double expected =
            (1 + large) *
            (static_cast<double>(y[i]) + part / static_cast<double>(n) * static_cast<double>(x[i]));
        ASSERT_NEAR(static_cast<double>(result[i]), expected, 2e-5) << time << ", " << i;
      }
    }
  }
}

}  // namespace

std::vector<Check> vector_checks() {
  return {{"VectorCopy", "copy vector", check_vector_copy},
          {"Copy", "copy", check_copy},
          {"Fill", "fill", check_fill},
          {"Dot", "dot", check_dot},
          {"Numbers", "queue", check_numbers},
          {"Axpy", "axpy", check_axpy},
          {"Xpby", "xpby", check_xpby},
          {"Subtract", "subtract", check_subtract},
          {"Scale", "scale", check_scale},
          {"Normal", "normal", check_normal}};
}

}  // namespace hcd::conformance
