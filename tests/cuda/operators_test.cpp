// SPDX-License-Identifier: BSD-2-Clause
// Operators that the suite of all engines has not: what does not fit into a kernel's shared memory
// or registers goes another way.
#include <gtest/gtest.h>

#include "conformance/on_engine.h"
#include "conformance/reference.h"
#include "engine/cuda/engine.h"
#include "engine/cuda/kernels/axes.h"
#include "support/errors.h"

namespace hcd::cuda {
namespace {

using conformance::OnEngine;
using conformance::Picture;
using conformance::reference::Grid;

struct Stand {
  ThreadPool pool{2};
  std::unique_ptr<Engine> engine = make_engine(std::make_shared<Device>(0), pool);
};

template <typename Op>
void expect_applied(Engine &engine, const Op &op, const Picture &in, int out_width, int out_height,
                    double tolerance) {
  OnEngine from(engine, in), to(engine, Picture(1, out_height, out_width, 1));
  engine.prepare(op)->apply(from.read(), to.view());
  const Grid expected = conformance::reference::apply(op, Grid(in));
  const auto found = to.result().values();
  ASSERT_EQ(found.size(), expected.values.size());
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(found[i]), expected.values[i], tolerance) << i;
  }
}

// A tile of outputs looks at more columns than a block keeps.
TEST(CudaOperators, ShrinkALot) {
  Stand stand;
  const image::Separable op =
      image::resize(*image::find_kernel("bicubic"), 700, 90, 50, 9, image::Position());
  ASSERT_GT(kTile * op.horizontal.in / op.horizontal.out, kSpan);
  expect_applied(*stand.engine, op, conformance::noise({90, 700, 2}, 1), 50, 9, 1e-3);
}

// A client that shrinks joins many samples of the small frame with each other.
TEST(CudaOperators, SolveWideBands) {
  Stand stand;
  const auto op = [](int in, int out) {
    return image::resize(*image::find_kernel("lanczos"), in, in, out, out, image::Position());
  };
  const image::Inverse inverse(op(80, 30), op(30, 80), 0.5);
  ASSERT_GT(inverse.horizontal.band, kBand);
  expect_applied(*stand.engine, inverse, conformance::noise({30, 30, 0}, 2), 80, 80, 2e-2);
}

TEST(CudaOperators, TooWideABandIsRefused) {
  Stand stand;
  image::Inverse inverse;
  inverse.pull = image::resize(*image::find_kernel("bicubic"), 8, 8, 4, 4, image::Position());
  inverse.vertical.band = inverse.horizontal.band = kWideBand + 1;
  test::expect_error(
      HCD_E_FORMAT, [&] { stand.engine->prepare(inverse); },
      "exact on the GPU: expected a kernel and a factor that join a sample to 64 others at most, "
      "found 65");
}

TEST(CudaOperators, TooLargeAKernelIsRefused) {
  Stand stand;
  Buffer memory = stand.engine->allocate(64);
  const Plane plane{memory.data(), 4, 4}, out{memory.data() + 32, 4, 4};
  const std::vector<float> kernel(17 * 17);
  test::expect_error(
      HCD_E_INTERNAL, [&] { stand.engine->correlate(plane, kernel, out); },
      "correlation on the GPU: expected a kernel of 15 x 15 at most, found 17 x 17");
}

}  // namespace
}  // namespace hcd::cuda
