// SPDX-License-Identifier: BSD-2-Clause
// Operators on planes, and colour.
#include "conformance/checks.h"
#include "conformance/on_engine.h"
#include "conformance/reference.h"
#include "image/kernel.h"
#include "support/formats.h"

namespace hcd::conformance {
namespace {

using reference::Grid;

// Found against expected, sample by sample.
void expect_near(const Picture &found, const Grid &expected, double tolerance,
                 const std::string &what, int channel = 0) {
  ASSERT_EQ(found.height(), expected.height) << what;
  ASSERT_EQ(found.width(), expected.width) << what;
  for (int y = 0; y < expected.height; ++y) {
    for (int x = 0; x < expected.width; ++x) {
      ASSERT_NEAR(static_cast<double>(found.at(channel, y, x)), expected.at(y, x), tolerance)
          << what << " at " << x << "," << y;
    }
  }
}

struct Resizing {
  const char *kernel;
  int in_width, in_height, out_width, out_height;
  image::Position position;
};
const std::vector<Resizing> kResizings = {
    {"bicubic", 1, 1, 2, 2, {}},        {"bicubic", 1, 1, 1, 1, {}},
    {"lanczos", 9, 1, 18, 2, {}},       {"bilinear", 1, 9, 3, 27, {0.25, 0.5}},
    {"bicubic", 37, 29, 74, 58, {}},    {"lanczos", 74, 58, 37, 29, {0.25, 0.5}},
    {"mitchell", 50, 41, 33, 97, {}},   {"lanczos", 21, 83, 97, 20, {}},
    {"bicubic", 300, 70, 150, 140, {}}, {"bilinear", 23, 17, 23, 17, {}}};

std::string text(const Resizing &r) {
  return std::string(r.kernel) + " " + std::to_string(r.in_width) + "x" +
         std::to_string(r.in_height) + " to " + std::to_string(r.out_width) + "x" +
         std::to_string(r.out_height);
}

image::Separable make(const Resizing &r) {
  return image::resize(*image::find_kernel(r.kernel), r.in_width, r.in_height, r.out_width,
                       r.out_height, r.position);
}

// In floats, two sums of some ten terms of up to 255.
constexpr double kSeparable = 1e-3;

void apply_separable(Engine &engine, const image::Separable &op, const std::string &what) {
  const auto prepared = engine.prepare(op);
  for (const int gap : {0, 3}) {
    const Picture picture = noise({op.in_height(), op.in_width(), gap}, 1);
    OnEngine in(engine, picture);
    OnEngine out(engine, Picture(1, op.out_height(), op.out_width(), 2 * gap));
    prepared->apply(in.read(), out.view());
    expect_near(out.result(), reference::apply(op, Grid(picture)), kSeparable,
                what + ", gap " + std::to_string(gap));
    EXPECT_EQ(in.result().values(), picture.values()) << what;
  }
}

void check_separable(Engine &engine) {
  for (const Resizing &r : kResizings) apply_separable(engine, make(r), text(r));
}

void check_adjoint(Engine &engine) {
  for (const Resizing &r : kResizings) {
    apply_separable(engine, image::transpose(make(r)), "adjoint of " + text(r));
    apply_separable(engine, image::gram(make(r)), "gram of " + text(r));
  }
}

// The system that is solved doubles what the sums rounded, a few times.
void check_inverse(Engine &engine) {
  for (const Resizing &r : kResizings) {
    if (r.out_width < r.in_width || r.out_height < r.in_height) continue;
    const image::Separable up = make(r);
    const image::Separable down =
        make({r.kernel, r.out_width, r.out_height, r.in_width, r.in_height, r.position});
    for (const double proximity : {0.0, 0.3}) {
      const image::Inverse inverse(up, down, proximity);
      const auto prepared = engine.prepare(inverse);
      for (const int gap : {0, 3}) {
        const Picture picture = noise({r.out_height, r.out_width, gap}, 2);
        OnEngine in(engine, picture);
        OnEngine out(engine, Picture(1, r.in_height, r.in_width, 2 * gap));
        prepared->apply(in.read(), out.view());
        expect_near(out.result(), reference::apply(inverse, Grid(picture)), 10 * kSeparable,
                    "inverse of " + text(r));
        EXPECT_EQ(in.result().values(), picture.values());
      }
    }
  }
}

// ---- colour ----

constexpr double kMix = 2e-4;  // three products of up to 255 and two, added up in floats

// Plane `i` that is to come of planes `in`, of which those without samples are not there.
Grid mixed(const image::Affine &affine, bool transposed, const std::array<const Picture *, 3> &in,
           int i, const Size &size) {
  const auto row = static_cast<size_t>(i);
  Grid out(size.height, size.width, transposed ? 0 : affine.offset[row]);
  for (size_t k = 0; k < 3; ++k) {
    const double factor = transposed ? affine.matrix[k][row] : affine.matrix[row][k];
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) {
        const double value = in[k] ? static_cast<double>(in[k]->at(0, y, x)) : transposed ? 0 : 128;
        out.at(y, x) += factor * value;
      }
    }
  }
  return out;
}

std::vector<image::Affine> affines() {
  const hcd_format format =
      test::format_of(8, 8, HCD_LAYOUT_YUV444, 8, 0, HCD_RANGE_LIMITED, HCD_MATRIX_BT709);
  const image::Affine to_rgb = image::codes_to_picture(format, image::Colour::kRgb);
  image::Affine any;
  any.matrix = {{{0.5, -1.25, 2}, {0.1, 0.2, 0.3}, {-1, 1, 0.7}}};
  any.offset = {-16, 128, 3.5};
  return {image::Affine{}, to_rgb, image::inverse(to_rgb), any};
}

// Of two kernels one after the other, so that the second adds.
void check_correlate(Engine &engine) {
  for (const Size &size : kSizes) {
    for (const int side : {1, 3, 7}) {
      const Picture picture = noise(size, 3), before = noise(size, 4);
      const Random random(5);
      std::vector<float> kernel;
      for (int i = 0; i < side * side; ++i) kernel.push_back(float(random.normal(uint64_t(i))));
      OnEngine in(engine, picture), out(engine, before);
      engine.correlate(in.read(), kernel, out.view());
      Grid expected(before);
      for (int y = 0; y < size.height; ++y) {
        for (int x = 0; x < size.width; ++x) {
          for (int i = 0; i < side * side; ++i) {
            const int row = std::clamp(y + i / side - side / 2, 0, size.height - 1);
            const int column = std::clamp(x + i % side - side / 2, 0, size.width - 1);
            expected.at(y, x) += double(kernel[size_t(i)]) * double(picture.at(0, row, column));
          }
        }
      }
      expect_near(out.result(), expected, 4e-3, text(size) + ", " + std::to_string(side));
      EXPECT_EQ(in.result().values(), picture.values());
    }
  }
}

void check_mix_of(Engine &engine, bool transposed) {
  for (const image::Affine &affine : affines()) {
    for (const Size &size : kSizes) {
      const Picture pictures[3] = {noise(size, 1), noise(size, 2), noise(size, 3)};
      OnEngine a(engine, pictures[0]), b(engine, pictures[1]), c(engine, pictures[2]);
      for (const bool gray : {false, true}) {
        for (const bool luma : {false, true}) {
          const Picture empty(1, size.height, size.width, size.gap + 1);
          OnEngine x(engine, empty), y(engine, empty), z(engine, empty);
          engine.mix(affine, transposed,
                     {a.read(), gray ? ConstPlane() : b.read(), gray ? ConstPlane() : c.read()},
                     {x.view(), luma ? Plane() : y.view(), luma ? Plane() : z.view()});
          const std::array<const Picture *, 3> in = {&pictures[0], gray ? nullptr : &pictures[1],
                                                     gray ? nullptr : &pictures[2]};
          OnEngine *const out[3] = {&x, &y, &z};
          for (int i = 0; i < (luma ? 1 : 3); ++i) {
            expect_near(out[i]->result(), mixed(affine, transposed, in, i, size), kMix, text(size));
          }
        }
      }
    }
  }
}
void check_mix(Engine &engine) { check_mix_of(engine, false); }
void check_mix_transposed(Engine &engine) { check_mix_of(engine, true); }

void check_mix_in_place(Engine &engine) {
  image::Affine diagonal;
  diagonal.matrix = {{{1.5, 0, 0}, {0, -0.5, 0}, {0, 0, 2}}};
  diagonal.offset = {-16, 128, 3.5};
  for (const bool transposed : {false, true}) {
    for (const Size &size : kSizes) {
      const Picture pictures[3] = {noise(size, 1), noise(size, 2), noise(size, 3)};
      const std::array<const Picture *, 3> in = {&pictures[0], &pictures[1], &pictures[2]};
      OnEngine a(engine, pictures[0]), b(engine, pictures[1]), c(engine, pictures[2]);
      engine.mix(diagonal, transposed, {a.read(), b.read(), c.read()},
                 {a.view(), b.view(), c.view()});
      OnEngine *const out[3] = {&a, &b, &c};
      for (int i = 0; i < 3; ++i) {
        expect_near(out[i]->result(), mixed(diagonal, transposed, in, i, size), kMix, text(size));
      }
      // One plane of three, which the others would have changed: nobody asks for them.
      const image::Affine any = affines().back();
      OnEngine luma(engine, pictures[0]), cb(engine, pictures[1]), cr(engine, pictures[2]);
      engine.mix(any, transposed, {luma.read(), cb.read(), cr.read()},
                 {luma.view(), Plane(), Plane()});
      expect_near(luma.result(), mixed(any, transposed, in, 0, size), kMix, text(size));
    }
  }
}

}  // namespace

std::vector<Check> operator_checks() {
  return {{"Separable", "separable", check_separable},
          {"Adjoint", "separable", check_adjoint},
          {"Inverse", "inverse", check_inverse},
          {"Correlate", "correlate", check_correlate},
          {"Mix", "mix", check_mix},
          {"MixTransposed", "mix", check_mix_transposed},
          {"MixInPlace", "mix", check_mix_in_place}};
}

}  // namespace hcd::conformance
