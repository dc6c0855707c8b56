// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/adm.h"

#include <algorithm>
#include <cmath>

#include "base/watson.h"
#include "engine/cpu/vector.h"
#include "engine/cpu/rows.h"

namespace hcd::cpu {
namespace {

constexpr float kNeighbour = 1.0F / 30, kCentre = 1.0F / 15;  // weights of the mask

// (sum of cubes)^(1/3), and the constant that keeps flat pictures apart from each other.
double pooled(double cubes, int width, int height) {
  return std::cbrt(cubes) + std::cbrt(static_cast<double>(width) * height / 32);
}

// The part of a test value that the reference has too: between nothing and all of it.
[[gnu::always_inline]] inline float kept_of(float test, float reference) {
  const float low = std::min(reference, 0.0F), high = std::max(reference, 0.0F);
  return std::min(std::max(test, low), high);
}

// added[x] += weight |what the test has beyond the reference|.
HCD_MULTIARCH void add_excess(const float *test, const float *reference, float weight, int n,
                              float *added) {
  for (int x = 0; x < n; ++x) {
    added[x] += weight * std::abs(test[x] - kept_of(test[x], reference[x]));
  }
}

// mask[x] = the weighted sum over 3 x 3 samples; the three rows have a sample more at each end.
HCD_MULTIARCH void blur(const float *above, const float *row, const float *below, int n,
                        float *mask) {
  for (int x = 0; x < n; ++x) {
    const float sum = above[x - 1] + above[x] + above[x + 1] + row[x - 1] + row[x] + row[x + 1] +
                      below[x - 1] + below[x] + below[x + 1];
    mask[x] = kNeighbour * sum + (kCentre - kNeighbour) * row[x];
  }
}

// squares[x] = what is seen of the kept part, squared; returns the sum of its cubes.
HCD_MULTIARCH double see(const float *test, const float *reference, float weight, const float *mask,
                         int n, float *squares) {
  return sum_in_lanes(
      n, [&](int x) __attribute__((always_inline)) {
        const float kept = std::abs(kept_of(test[x], reference[x])) * weight;
        const float seen = std::max(kept - mask[x], 0.0F);
        squares[x] = seen * seen;
        return seen * seen * seen;
      });
}

// Over the middle: squares -> the derivative by the kept part's size; adds it to `by_mask`.
HCD_MULTIARCH void scale_squares(float factor, int n, float *squares, float *by_mask) {
  for (int x = 0; x < n; ++x) {
    squares[x] *= factor;
    by_mask[x] -= squares[x];
  }
}

// test -> the derivative by it. Inside the reference's range it is what is kept that changes;
// beyond, what masks.
HCD_MULTIARCH void pull_back(const float *reference, const float *by_kept, const float *by_added,
                             float weight, int n, float *test) {
  for (int x = 0; x < n; ++x) {
    const float kept = kept_of(test[x], reference[x]);
    const float excess = test[x] - kept;
    const float inside = reference[x] < 0 ? -by_kept[x] : by_kept[x];
    const float outside = excess < 0 ? -by_added[x] : by_added[x];
    const bool strictly = excess == 0 && kept != 0 && kept != reference[x];
    test[x] = weight * (strictly ? inside : excess == 0 ? 0.0F : outside);
  }
}

// Row `y` of `plane`, its first and last samples repeated, at row[1].
void widen(const Plane &plane, int y, float *row) {
  const float *from = plane.row(std::clamp(y, 0, plane.height - 1));
  row[0] = from[0];
  std::copy_n(from, plane.width, row + 1);
  row[plane.width + 1] = from[plane.width - 1];
}

// Row `y` of the blurred plane. The blur is its own adjoint.
void blurred_row(const Plane &plane, int y, float *out) {
  const auto n = static_cast<size_t>(plane.width) + 2;
  std::vector<float> rows(3 * n);
  for (int k = 0; k < 3; ++k) widen(plane, y - 1 + k, rows.data() + static_cast<size_t>(k) * n);
  blur(rows.data() + 1, rows.data() + n + 1, rows.data() + 2 * n + 1, plane.width, out);
}

}  // namespace

LostDetail::LostDetail(ConstPlane reference, ThreadPool &pool) : pool_(pool) {
  int width = reference.width, height = reference.height;
  scratch_ = Buffer(2 * static_cast<size_t>(half(height)) * width);
  ConstPlane whole = reference;
  for (int i = 0; i < kLevels; ++i) {
    width = half(width);
    height = half(height);
    const size_t size = static_cast<size_t>(width) * height;
    if (i == 0) kept_ = Buffer(kBands * size);
    Scale scale{width, height, Buffer(9 * size), {}, {}, {}, {}, width / 10, height / 10};
    float *next = scale.memory.data();
    const auto take = [&] {
      const Plane plane{next, width, height};
      next += size;
      return plane;
    };
    for (Level *level : {&scale.test, &scale.reference}) {
      level->low = take();
      for (Plane &band : level->bands) band = take();
    }
    scale.mask = take();
    for (int b = 0; b < kBands; ++b) {
      scale.weight[static_cast<size_t>(b)] = static_cast<float>(visibility(i, b));
    }
    split(whole, scale.reference, pool_);
    whole = scale.reference.low;
    add_whole(scale);
    scales_.push_back(std::move(scale));
  }
}

void LostDetail::add_whole(const Scale &scale) {
  const int width = scale.width - 2 * scale.cut_x, height = scale.height - 2 * scale.cut_y;
  for (size_t b = 0; b < kBands; ++b) {
    double cubes = 0;
    for (int y = scale.cut_y; y < scale.height - scale.cut_y; ++y) {
      const float *row = scale.reference.bands[b].row(y) + scale.cut_x;
      for (int x = 0; x < width; ++x) {
        const auto seen = static_cast<double>(std::abs(row[x]) * scale.weight[b]);
        cubes += seen * seen * seen;
      }
    }
    whole_ += pooled(cubes, width, height);
  }
}

void LostDetail::find_added(const Scale &scale) {
  for_rows(scale.height, pool_, [&](int y) {
    float *row = scale.mask.row(y);
    std::fill_n(row, scale.width, 0.0F);
    for (size_t b = 0; b < kBands; ++b) {
      add_excess(scale.test.bands[b].row(y), scale.reference.bands[b].row(y), scale.weight[b],
                 scale.width, row);
    }
  });
}

double LostDetail::find_kept(const Scale &scale, std::array<double, kBands> &cubes) {
  const int width = scale.width - 2 * scale.cut_x, height = scale.height - 2 * scale.cut_y;
  std::vector<std::array<double, kBands>> rows(static_cast<size_t>(height));
  for_rows(height, pool_, [&](int i) {
    const int y = i + scale.cut_y;
    std::vector<float> mask(static_cast<size_t>(scale.width));
    blurred_row(scale.mask, y, mask.data());
    for (size_t b = 0; b < kBands; ++b) {
      float *squares = kept_.data() + (b * scale.height + y) * scale.width + scale.cut_x;
      rows[static_cast<size_t>(i)][b] = see(
          scale.test.bands[b].row(y) + scale.cut_x, scale.reference.bands[b].row(y) + scale.cut_x,
          scale.weight[b], mask.data() + scale.cut_x, width, squares);
    }
  });
  double found = 0;
  for (size_t b = 0; b < kBands; ++b) {
    for (const auto &row : rows) cubes[b] += row[b];
    found += pooled(cubes[b], width, height);
  }
  return found;
}

void LostDetail::differentiate(const Scale &scale, const std::array<double, kBands> &cubes) {
  const int width = scale.width - 2 * scale.cut_x;
  const auto squares = [&](size_t b, int y) {
    return kept_.data() + (b * scale.height + y) * scale.width;
  };
  for_rows(scale.height, pool_, [&](int y) {
    const bool counts = y >= scale.cut_y && y < scale.height - scale.cut_y;
    float *by_mask = scale.mask.row(y);
    std::fill_n(by_mask, scale.width, 0.0F);
    for (size_t b = 0; b < kBands; ++b) {
      float *row = squares(b, y);
      if (!counts) {
        std::fill_n(row, scale.width, 0.0F);
        continue;
      }
      std::fill_n(row, scale.cut_x, 0.0F);
      std::fill_n(row + scale.width - scale.cut_x, scale.cut_x, 0.0F);
      // The derivative of the root of cubes.
      const double factor = cubes[b] > 0 ? -1 / (whole_ * std::cbrt(cubes[b] * cubes[b])) : 0;
      scale_squares(static_cast<float>(factor), width, row + scale.cut_x, by_mask + scale.cut_x);
    }
  });
  for_rows(scale.height, pool_, [&](int y) {
    std::vector<float> by_added(static_cast<size_t>(scale.width));
    blurred_row(scale.mask, y, by_added.data());
    for (size_t b = 0; b < kBands; ++b) {
      pull_back(scale.reference.bands[b].row(y), squares(b, y), by_added.data(), scale.weight[b],
                scale.width, scale.test.bands[b].row(y));
    }
  });
}

double LostDetail::value_and_gradient(ConstPlane test, Plane gradient) {
  double found = 0;
  ConstPlane whole = test;
  for (const Scale &scale : scales_) {
    split(whole, scale.test, pool_);
    whole = scale.test.low;
    find_added(scale);
    std::array<double, kBands> cubes{};
    found += find_kept(scale, cubes);
    differentiate(scale, cubes);
  }
  const Plane &last = scales_.back().test.low;
  std::fill_n(last.data, last.size(), 0.0F);
  for (size_t i = kLevels; i-- > 0;) {
    const Plane out = i == 0 ? gradient : scales_[i - 1].test.low;
    split_adjoint(scales_[i].test, out, scratch_.data(), pool_);
  }
  return 1 - found / whole_;
}

}  // namespace hcd::cpu
