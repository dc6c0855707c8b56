// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/adm.h"

#include <algorithm>
#include <cmath>

#include "base/watson.h"
#include "engine/cpu/rows.h"
#include "engine/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/adm.cpp"
#include <hwy/foreach_target.h>

#include "engine/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hcd::cpu::HWY_NAMESPACE {

// Rows of the three bands of a level, n samples each.
using Rows = float *const *;
using ConstRows = const float *const *;

// The part of a test value that the reference has too: between nothing and all of it.
HWY_INLINE Lanes restored(const Lanes &test, const Lanes &reference) {
  return clamp(test, min(reference, zeros()), max(reference, zeros()));
}

// additive = the sum of csf |what `test` has beyond `reference`| over the bands.
void additive_row(ConstRows test, ConstRows reference, const float *csf, int n, float *additive) {
  for_lanes(n, [&](auto at) HCD_INLINE {
    Lanes sum = zeros();
    unroll<3>([&](auto b) HCD_INLINE {
      const Lanes value = at.load(test[b]);
      sum = mul_add(set(csf[b]), abs(value - restored(value, at.load(reference[b]))), sum);
    });
    at.store(sum, additive);
  });
}

// The masking threshold: the weighted sum over 3 x 3 samples of rows that have a sample more at
// each end.
template <typename At>
HWY_INLINE Lanes threshold(const At &at, const float *above, const float *row, const float *below) {
  constexpr float kNeighbour = 1.0F / 30, kCentre = 1.0F / 15;
  const Lanes middle = at.load(row);
  const Lanes sum = at.load(above - 1) + at.load(above) + at.load(above + 1) + at.load(row - 1) +
                    middle + at.load(row + 1) + at.load(below - 1) + at.load(below) +
                    at.load(below + 1);
  return mul_add(set(kNeighbour), sum, set(kCentre - kNeighbour) * middle);
}

// squares = the squares of what is seen of the restored parts: csf |restored| above the threshold
// that the three rows of the additive parts make. cubes = the sums of the cubes.
void mask_row(ConstRows test, ConstRows reference, const float *csf, const float *above,
              const float *row, const float *below, int n, Rows squares, double *cubes) {
  Lanes sums[3] = {zeros(), zeros(), zeros()};
  sum_for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes masked = threshold(at, above, row, below);
    unroll<3>([&](auto b) HCD_INLINE {
      const Lanes contrast = abs(restored(at.load(test[b]), at.load(reference[b])));
      const Lanes seen = max(zeros(), mul_sub(contrast, set(csf[b]), masked));
      const Lanes square = seen * seen;
      at.store(square, squares[b]);
      sums[b] = mul_add(square, seen, sums[b]);
    });
  });
  for (int b = 0; b < 3; ++b) cubes[b] = sum_lanes(sums[b]);
}

// The derivative by the masking threshold: minus those by csf |restored|, which are
// factors * squares.
void by_threshold_row(ConstRows squares, const float *factors, int n, float *by_threshold) {
  for_lanes(n, [&](auto at) HCD_INLINE {
    Lanes sum = zeros();
    unroll<3>([&](auto b) HCD_INLINE { sum = sum - at.load(squares[b]) * set(factors[b]); });
    at.store(sum, by_threshold);
  });
}

// test -> the derivative by it. Inside the reference's range it is the restored part that changes;
// beyond, the additive one, and by it the threshold, whose derivatives are the three rows.
void decouple_adjoint_row(ConstRows reference, ConstRows squares, const float *factors,
                          const float *csf, const float *above, const float *row,
                          const float *below, int n, Rows test) {
  const Lanes zero = zeros();
  for_lanes(n, [&](auto at) HCD_INLINE {
    const Lanes slope_out = threshold(at, above, row, below);
    unroll<3>([&](auto b) HCD_INLINE {
      const Lanes value = at.load(test[b]), whole = at.load(reference[b]);
      const Lanes part = restored(value, whole), excess = value - part;
      const Lanes slope_in = at.load(squares[b]) * set(factors[b]);
      const Lanes inside = if_less(whole, zero, -slope_in, slope_in);
      const Lanes outside = if_less(excess, zero, -slope_out, slope_out);
      // At the ends of the range there is no derivative.
      const Lanes between = if_equal(part, zero, zero, if_equal(part, whole, zero, inside));
      at.store(set(csf[b]) * if_equal(excess, zero, between, outside), test[b]);
    });
  });
}

}  // namespace hcd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hcd::cpu {
namespace {

HWY_EXPORT(additive_row);
HWY_EXPORT(mask_row);
HWY_EXPORT(by_threshold_row);
HWY_EXPORT(decouple_adjoint_row);

// Minkowski pooling: (sum of cubes)^(1/3), and the constant that keeps flat pictures apart from
// each other.
double pool_cubes(double cubes, const Rect &pooled) {
  return std::cbrt(cubes) + std::cbrt(static_cast<double>(pooled.width) * pooled.height / 32);
}

// Row y of three bands, from column x on.
struct BandRows {
  const float *rows[3];

  BandRows(const Subbands &level, int x, int y)
      : rows{level.details[0].row(y) + x, level.details[1].row(y) + x,
             level.details[2].row(y) + x} {}
};

// Rows [first, end) of a plane and one more on each side, each with a sample more at each end: the
// plane's last ones repeat beyond its border. make(y, row) fills row `y` of the plane, of zeros.
class Widened {
 public:
  template <typename Make>
  Widened(int width, int height, int first, int end, const Make &make)
      : stride_(width + 2), first_(first), samples_(size(end - first + 2)) {
    for (int y = first - 1; y <= end; ++y) {
      float *to = row(y);
      make(std::clamp(y, 0, height - 1), to);
      to[-1] = to[0];
      to[width] = to[width - 1];
    }
  }
  float *row(int y) { return samples_.data() + size(y - first_ + 1) + 1; }

 private:
  size_t size(int rows) const { return static_cast<size_t>(stride_) * static_cast<size_t>(rows); }

  int stride_, first_;
  std::vector<float> samples_;
};

}  // namespace

DetailLoss::DetailLoss(ConstPlane reference, Memory &memory, ThreadPool &pool)
    : memory_(memory), pool_(pool) {
  int width = reference.width, height = reference.height;
  ConstPlane whole = reference;
  for (int i = 0; i < kLevels; ++i) {
    width = half(width);
    height = half(height);
    const size_t size = static_cast<size_t>(width) * height;
    const int cut_x = width / 10, cut_y = height / 10;
    const Rect pooled{cut_x, cut_y, width - 2 * cut_x, height - 2 * cut_y};
    Scale scale{width, height, memory.allocate(7 * size),     {}, {},
                {},    pooled, pooled.grown(1, width, height)};
    float *next = scale.memory.data();
    const auto take = [&](Plane &plane) {
      plane = {next, width, height};
      next += size;
    };
    for (Subbands *level : {&scale.test, &scale.reference}) {
      for (Plane &band : level->details) take(band);
    }
    take(scale.test.a);
    scale.reference.a = scale.test.a;  // of the reference it only leads to the next level
    for (int b = 0; b < kBands; ++b) {
      scale.csf[static_cast<size_t>(b)] = static_cast<float>(visibility(i, b));
    }
    dwt2(whole, scale.rows(), scale.reference, pool_);
    whole = scale.reference.a;
    scales_.push_back(std::move(scale));
    // Of itself nothing is masked.
    for (const double cubes : mask(scales_.back(), scales_.back().reference, nullptr)) {
      reference_ += pool_cubes(cubes, pooled);
    }
  }
}

// The sums of the cubes of what is seen of each band of `test`; their squares go to `squares`, if
// that is not nullptr.
DetailLoss::PerBand DetailLoss::mask(const Scale &scale, const Subbands &test, float *squares) {
  const Rect &pooled = scale.pooled, &reached = scale.reached;
  std::vector<PerBand> rows(static_cast<size_t>(pooled.height));
  for_pieces(pooled.height, pool_, [&](int from, int to) {
    const int first = pooled.y + from, end = pooled.y + to;
    Widened additive(scale.width, scale.height, first, end, [&](int y, float *row) {
      HWY_DYNAMIC_DISPATCH(additive_row)
      (BandRows(test, reached.x, y).rows, BandRows(scale.reference, reached.x, y).rows,
       scale.csf.data(), reached.width, row + reached.x);
    });
    std::vector<float> unused(squares ? 0 : static_cast<size_t>(scale.width));
    for (int y = first; y < end; ++y) {
      float *found[kBands];
      for (size_t b = 0; b < kBands; ++b) {
        float *row = squares ? squares_row(squares, scale, b, y) : unused.data();
        row[reached.x] = row[reached.right() - 1] = 0;  // where they are not pooled
        found[b] = row + pooled.x;
      }
      HWY_DYNAMIC_DISPATCH(mask_row)
      (BandRows(test, pooled.x, y).rows, BandRows(scale.reference, pooled.x, y).rows,
       scale.csf.data(), additive.row(y - 1) + pooled.x, additive.row(y) + pooled.x,
       additive.row(y + 1) + pooled.x, pooled.width, found,
       rows[static_cast<size_t>(y - pooled.y)].data());
    }
  });
  PerBand cubes{};
  for (size_t b = 0; b < kBands; ++b) {
    for (const PerBand &row : rows) cubes[b] += row[b];
  }
  return cubes;
}

void DetailLoss::differentiate(const Scale &scale, const PerBand &cubes, float *squares) {
  const Rect &pooled = scale.pooled, &reached = scale.reached;
  const RowRange counted{pooled.y, pooled.bottom()};
  float factors[kBands];  // the derivatives of the roots of cubes
  for (size_t b = 0; b < kBands; ++b) {
    const double root = reference_ * std::cbrt(cubes[b] * cubes[b]);
    factors[b] = cubes[b] > 0 ? static_cast<float>(-1 / root) : 0;
  }
  const std::vector<float> zeros(static_cast<size_t>(scale.width));
  const auto seen = [&](int y, int x, const float **rows) {
    for (size_t b = 0; b < kBands; ++b) {
      rows[b] = (counted.contain(y) ? squares_row(squares, scale, b, y) : zeros.data()) + x;
    }
  };
  for_pieces(reached.height, pool_, [&](int from, int to) {
    const int first = reached.y + from, end = reached.y + to;
    Widened by_threshold(scale.width, scale.height, first, end, [&](int y, float *row) {
      const float *rows[kBands];
      seen(y, pooled.x, rows);
      HWY_DYNAMIC_DISPATCH(by_threshold_row)(rows, factors, pooled.width, row + pooled.x);
    });
    for (int y = first; y < end; ++y) {
      const float *rows[kBands];
      seen(y, reached.x, rows);
      float *test[kBands];
      for (size_t b = 0; b < kBands; ++b) {
        float *row = scale.test.details[b].row(y);
        std::fill_n(row, reached.x, 0.0F);
        std::fill(row + reached.right(), row + scale.width, 0.0F);
        test[b] = row + reached.x;
      }
      HWY_DYNAMIC_DISPATCH(decouple_adjoint_row)
      (BandRows(scale.reference, reached.x, y).rows, rows, factors, scale.csf.data(),
       by_threshold.row(y - 1) + reached.x, by_threshold.row(y) + reached.x,
       by_threshold.row(y + 1) + reached.x, reached.width, test);
    }
  });
}

double DetailLoss::value_and_gradient(ConstPlane test, Plane gradient) {
  // Until the end the gradient's memory, where it is large enough, holds the squares of a level.
  const size_t wanted = kBands * scales_[0].test.a.size();
  const bool fits = gradient.stride == gradient.width && gradient.size() >= wanted;
  Buffer own = gradient.data && !fits ? memory_.allocate(wanted) : Buffer();
  float *squares = fits ? gradient.data : own.data();
  double found = 0;
  ConstPlane whole = test;
  for (const Scale &scale : scales_) {
    dwt2(whole, scale.rows(), scale.test, pool_);
    whole = scale.test.a;
    const PerBand cubes = mask(scale, scale.test, squares);
    for (const double band : cubes) found += pool_cubes(band, scale.pooled);
    if (gradient.data) differentiate(scale, cubes, squares);
  }
  for (size_t i = kLevels; i-- > 0 && gradient.data;) {
    Subbands level = scales_[i].test;
    if (i == kLevels - 1) level.a.data = nullptr;
    dwt2_adjoint(level, scales_[i].rows(), i == 0 ? gradient : scales_[i - 1].test.a, pool_);
  }
  return 1 - found / reference_;
}

}  // namespace hcd::cpu
#endif
