// SPDX-License-Identifier: BSD-2-Clause
#include "engine/aten/detail.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "base/watson.h"

namespace hcd::aten {
namespace {

using at::Tensor;

constexpr int kLevels = 4;

// The bands of one level: differences along x (h), y (v) and both (d).
using Bands = std::array<Tensor, 3>;

// Daubechies' wavelet of two vanishing moments, low pass; the high pass is its quadrature mirror.
constexpr std::array<double, 4> kLow = {0.482962913144690, 0.836516303737469, 0.224143868041857,
                                        -0.129409522550921};

Tensor filter(bool high, const Tensor &like) {
  std::array<double, 4> taps = kLow;
  if (high) taps = {kLow[3], -kLow[2], kLow[1], -kLow[0]};
  return at::tensor(at::ArrayRef<double>(taps), like.options());
}

// With samples mirrored along `axis` (2 or 3), one before the first, two after the last.
Tensor mirror(const Tensor &x, int64_t axis) {
  const int64_t n = x.size(axis);
  if (n > 2) {
    return at::reflection_pad2d(
        x, axis == 2 ? at::IntArrayRef({0, 0, 1, 2}) : at::IntArrayRef({1, 2, 0, 0}));
  }
  std::vector<int64_t> places;
  for (int64_t i = -1; i < n + 2; ++i) places.push_back(n == 1 ? 0 : std::abs(i) % 2);
  return x.index_select(axis, at::tensor(places, x.options().dtype(at::kLong)));
}

// Filtered along `axis`, every other sample kept.
Tensor halve(const Tensor &x, bool high, int64_t axis) {
  const Tensor taps = filter(high, x).view(axis == 2 ? at::IntArrayRef({1, 1, 4, 1})
                                                     : at::IntArrayRef({1, 1, 1, 4}));
  return at::conv2d(mirror(x, axis), taps, {},
                    axis == 2 ? at::IntArrayRef({2, 1}) : at::IntArrayRef({1, 2}));
}

// The bands of `*x`, which becomes its low pass.
Bands split(Tensor *x) {
  const Tensor low = halve(*x, false, 2), high = halve(*x, true, 2);
  Bands bands = {halve(low, true, 3), halve(high, false, 3), halve(high, true, 3)};
  *x = halve(low, false, 3);
  return bands;
}

// (sum of cubes)^(1/3) per picture, and the constant that keeps flat pictures apart from each
// other.
Tensor pool(const Tensor &x) {
  const double area = static_cast<double>(x.size(2) * x.size(3));
  const Tensor cubes = x.pow(3).sum({1, 2, 3});
  // Where there is nothing, so that the root's derivative is finite.
  const Tensor safe = at::where(cubes > 0, cubes, at::ones_like(cubes));
  return at::where(cubes > 0, safe.pow(1.0 / 3), at::zeros_like(cubes)) + std::cbrt(area / 32);
}

// Without a tenth on each side, which libvmaf leaves out.
Tensor middle(const Tensor &x) {
  const int64_t y = x.size(2) / 10, w = x.size(3) / 10;
  return x.narrow(2, y, x.size(2) - 2 * y).narrow(3, w, x.size(3) - 2 * w);
}

}  // namespace

Tensor lost_detail(const Tensor &test, const Tensor &reference) {
  Tensor t = test * 255 - 128, o = reference * 255 - 128;
  const Tensor window = at::full({1, 1, 3, 3}, 1.0 / 30, t.options());
  Tensor mask_taps = window.clone();
  mask_taps[0][0][1][1] = 1.0 / 15;
  Tensor found = at::zeros({test.size(0)}, t.options()), whole = found;
  for (int level = 0; level < kLevels; ++level) {
    const Bands test_bands = split(&t), bands = split(&o);
    Bands kept;
    Tensor added = at::zeros_like(bands[0]);
    for (int b = 0; b < 3; ++b) {
      const Tensor &band = bands[b];
      // What of the reference's contrast is left: at most all of it.
      const Tensor safe = at::where(band.abs() > 1e-6, band, at::full_like(band, 1e-6));
      kept[b] = band * (test_bands[b] / safe).clamp(0, 1);
      added = added + (test_bands[b] - kept[b]).abs() * visibility(level, b);
    }
    const Tensor mask = at::conv2d(at::replication_pad2d(added, {1, 1, 1, 1}), mask_taps);
    for (int b = 0; b < 3; ++b) {
      const double weight = visibility(level, b);
      found = found + pool(middle((kept[b].abs() * weight - mask).clamp_min(0)));
      whole = whole + pool(middle(bands[b].abs() * weight));
    }
  }
  return (1 - found / whole).mean();
}

}  // namespace hcd::aten
