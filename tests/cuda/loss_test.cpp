// SPDX-License-Identifier: BSD-2-Clause
// The loss on the device against the CPU engine's, at sizes where the wavelet's mirror, the cut
// border and the blocks of the kernels end differently.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "engine/cuda/detail.h"
#include "engine/cuda/losses.h"
#include "support/picture.h"

namespace hcd::cuda {
namespace {

using test::Picture;

// A copy of a picture on the device, gaps included.
class OnDevice {
 public:
  OnDevice(Device &device, const Picture &picture)
      : device_(device), host_(picture), memory_(device.allocate(picture.samples().size())) {
    device.copy(picture.samples().data(), memory_.data(), bytes());
  }

  Plane view() {
    Plane view = host_.view();
    view.data = memory_.data();
    return view;
  }
  const Picture &result() {
    device_.copy(memory_.data(), host_.samples().data(), bytes());
    EXPECT_TRUE(host_.gaps_untouched());
    return host_;
  }

 private:
  size_t bytes() const { return host_.samples().size() * sizeof(float); }

  Device &device_;
  Picture host_;
  Buffer memory_;
};

struct Size {
  int width, height;
};
std::vector<Size> sizes() {
  return {{1, 1},  {2, 2},   {3, 3},   {4, 5},    {1, 17},
          {66, 1}, {65, 33}, {67, 31}, {130, 70}, {139, 71}};
}
std::string text(const Size &size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

// |a|, as of a vector.
double norm(const Picture &a) { return std::sqrt(test::dot(a, a)); }

TEST(CudaLoss, DetailIsTheCpuEngines) {
  ThreadPool pool(1);
  Device device(0);
  const auto cpu = make_cpu_engine(pool);
  for (const Size &size : sizes()) {
    Picture reference = Picture::noise(1, size.height, size.width, 1);
    const Picture noise = Picture::noise(1, size.height, size.width, 2);
    Picture shown = test::moved(reference, noise, 0.3), expected(1, size.height, size.width);
    const double value =
        cpu->detail(reference.read())->value_and_gradient(shown.read(), expected.view()).value();

    OnDevice o(device, reference), s(device, shown), gradient(device, Picture(expected));
    const auto detail = make_detail(device, o.view());
    EXPECT_NEAR(detail->value_and_gradient(s.view(), gradient.view()).value(), value, 1e-6)
        << text(size);
    // Of one sample there is no detail: the derivative is a rounding error.
    EXPECT_LE(norm(test::moved(gradient.result(), expected, -1)), 1e-6 * norm(expected) + 1e-8)
        << text(size);
    // Where nothing is lost and nothing added there is no derivative at all.
    EXPECT_NEAR(detail->value_and_gradient(o.view(), gradient.view()).value(), 0, 1e-6)
        << text(size);
    EXPECT_EQ(norm(gradient.result()), 0) << text(size);
  }
}

// The same bits, whatever was in the memory before.
TEST(CudaLoss, DetailIsTheSameBitsEachTime) {
  Device device(0);
  const Picture reference = Picture::noise(1, 71, 139, 1), shown = Picture::noise(1, 71, 139, 2);
  const auto evaluate = [&](double &value) {
    OnDevice o(device, reference), s(device, shown), gradient(device, Picture(1, 71, 139));
    value = make_detail(device, o.view())->value_and_gradient(s.view(), gradient.view()).value();
    return gradient.result().values();
  };
  double first = 0, second = 0;
  const auto before = evaluate(first);
  {
    OnDevice other(device, Picture::noise(1, 71, 139, 3));
    make_detail(device, other.view())->value_and_gradient(other.view(), {});
  }
  EXPECT_EQ(evaluate(second), before);
  EXPECT_EQ(second, first);
}

TEST(CudaLoss, MixSlopeIsTheCpuEngines) {
  constexpr image::Range kRange{16, 235};
  const MixWeights kWeights{0.5F, 2, 30};
  ThreadPool pool(1);
  Device device(0);
  const auto cpu = make_cpu_engine(pool);
  for (const Size &size : sizes()) {
    Picture y = Picture::noise(1, size.height, size.width, 1);
    Picture shown = test::moved(y, Picture::noise(1, size.height, size.width, 2), 0.2);
    Picture slope = Picture::noise(1, size.height, size.width, 3);
    shown.at(0, 0, 0) = kRange.low;  // clipped
    shown.at(0, size.height - 1, size.width - 1) = kRange.high;
    OnDevice a(device, shown), b(device, y), s(device, slope);
    const double expected =
        cpu->mix_slope(shown.read(), y.read(), kRange, kWeights, slope.view()).value();
    const double value = mix_slope(device, a.view(), b.view(), kRange, kWeights, s.view()).value();
    EXPECT_NEAR(value, expected, 1e-6 * expected) << text(size);
    EXPECT_EQ(mix_slope(device, a.view(), b.view(), kRange, kWeights, {}).value(), value)
        << text(size);
    EXPECT_LE(test::largest_difference(s.result(), slope), 1e-3) << text(size);
  }
}

}  // namespace
}  // namespace hcd::cuda
