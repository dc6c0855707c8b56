// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/adm.h"

#include <algorithm>
#include <cmath>

#include "base/watson.h"
#include "engine/cpu/loss_rows.h"
#include "engine/cpu/rows.h"

namespace hcd::cpu {
namespace {

// Minkowski pooling: (sum of cubes)^(1/3), and the constant that keeps flat pictures apart from
// each other.
double pool_cubes(double cubes, int width, int height) {
  return std::cbrt(cubes) + std::cbrt(static_cast<double>(width) * height / 32);
}

// Row `y` of `plane`, its first and last samples repeated, at row[1].
void widen(const Plane &plane, int y, float *row) {
  const float *from = plane.row(std::clamp(y, 0, plane.height - 1));
  row[0] = from[0];
  std::copy_n(from, plane.width, row + 1);
  row[plane.width + 1] = from[plane.width - 1];
}

// Row `y` of the masking threshold, or of its adjoint, which is the same.
void threshold_row(const Plane &plane, int y, float *out) {
  const auto n = static_cast<size_t>(plane.width) + 2;
  std::vector<float> rows(3 * n);
  for (int k = 0; k < 3; ++k) widen(plane, y - 1 + k, rows.data() + static_cast<size_t>(k) * n);
  masking_threshold(rows.data() + 1, rows.data() + n + 1, rows.data() + 2 * n + 1, plane.width,
                    out);
}

}  // namespace

DetailLoss::DetailLoss(ConstPlane reference, ThreadPool &pool) : pool_(pool) {
  int width = reference.width, height = reference.height;
  scratch_ = Buffer(2 * static_cast<size_t>(half(height)) * width);
  ConstPlane whole = reference;
  for (int i = 0; i < kLevels; ++i) {
    width = half(width);
    height = half(height);
    const size_t size = static_cast<size_t>(width) * height;
    if (i == 0) squares_ = Buffer(kBands * size);
    Scale scale{width, height, Buffer(9 * size), {}, {}, {}, {}, width / 10, height / 10};
    float *next = scale.memory.data();
    const auto take = [&] {
      const Plane plane{next, width, height};
      next += size;
      return plane;
    };
    for (Subbands *level : {&scale.test, &scale.reference}) {
      level->a = take();
      for (Plane &band : level->details) band = take();
    }
    scale.additive = take();
    for (int b = 0; b < kBands; ++b) {
      scale.csf[static_cast<size_t>(b)] = static_cast<float>(visibility(i, b));
    }
    dwt2(whole, scale.reference, pool_);
    whole = scale.reference.a;
    pool_reference(scale);
    scales_.push_back(std::move(scale));
  }
}

void DetailLoss::pool_reference(const Scale &scale) {
  const int width = scale.width - 2 * scale.cut_x, height = scale.height - 2 * scale.cut_y;
  for (size_t b = 0; b < kBands; ++b) {
    double cubes = 0;
    for (int y = scale.cut_y; y < scale.height - scale.cut_y; ++y) {
      const float *row = scale.reference.details[b].row(y) + scale.cut_x;
      for (int x = 0; x < width; ++x) {
        const auto seen = static_cast<double>(std::abs(row[x]) * scale.csf[b]);
        cubes += seen * seen * seen;
      }
    }
    reference_ += pool_cubes(cubes, width, height);
  }
}

void DetailLoss::decouple(const Scale &scale) {
  for_rows(scale.height, pool_, [&](int y) {
    float *row = scale.additive.row(y);
    std::fill_n(row, scale.width, 0.0F);
    for (size_t b = 0; b < kBands; ++b) {
      add_additive(scale.test.details[b].row(y), scale.reference.details[b].row(y), scale.csf[b],
                   scale.width, row);
    }
  });
}

double DetailLoss::mask(const Scale &scale, std::array<double, kBands> &cubes) {
  const int width = scale.width - 2 * scale.cut_x, height = scale.height - 2 * scale.cut_y;
  std::vector<std::array<double, kBands>> rows(static_cast<size_t>(height));
  for_rows(height, pool_, [&](int i) {
    const int y = i + scale.cut_y;
    std::vector<float> threshold(static_cast<size_t>(scale.width));
    threshold_row(scale.additive, y, threshold.data());
    for (size_t b = 0; b < kBands; ++b) {
      float *squares = squares_.data() + (b * scale.height + y) * scale.width + scale.cut_x;
      rows[static_cast<size_t>(i)][b] =
          mask_contrast(scale.test.details[b].row(y) + scale.cut_x,
                        scale.reference.details[b].row(y) + scale.cut_x, scale.csf[b],
                        threshold.data() + scale.cut_x, width, squares);
    }
  });
  double found = 0;
  for (size_t b = 0; b < kBands; ++b) {
    for (const auto &row : rows) cubes[b] += row[b];
    found += pool_cubes(cubes[b], width, height);
  }
  return found;
}

void DetailLoss::differentiate(const Scale &scale, const std::array<double, kBands> &cubes) {
  const int width = scale.width - 2 * scale.cut_x;
  const auto squares = [&](size_t b, int y) {
    return squares_.data() + (b * scale.height + y) * scale.width;
  };
  for_rows(scale.height, pool_, [&](int y) {
    const bool counts = y >= scale.cut_y && y < scale.height - scale.cut_y;
    float *by_threshold = scale.additive.row(y);
    std::fill_n(by_threshold, scale.width, 0.0F);
    for (size_t b = 0; b < kBands; ++b) {
      float *row = squares(b, y);
      if (!counts) {
        std::fill_n(row, scale.width, 0.0F);
        continue;
      }
      std::fill_n(row, scale.cut_x, 0.0F);
      std::fill_n(row + scale.width - scale.cut_x, scale.cut_x, 0.0F);
      // The derivative of the root of cubes.
      const double factor = cubes[b] > 0 ? -1 / (reference_ * std::cbrt(cubes[b] * cubes[b])) : 0;
      mask_contrast_adjoint(static_cast<float>(factor), width, row + scale.cut_x,
                            by_threshold + scale.cut_x);
    }
  });
  for_rows(scale.height, pool_, [&](int y) {
    std::vector<float> by_additive(static_cast<size_t>(scale.width));
    threshold_row(scale.additive, y, by_additive.data());
    for (size_t b = 0; b < kBands; ++b) {
      decouple_adjoint(scale.reference.details[b].row(y), squares(b, y), by_additive.data(),
                       scale.csf[b], scale.width, scale.test.details[b].row(y));
    }
  });
}

double DetailLoss::value_and_gradient(ConstPlane test, Plane gradient) {
  double found = 0;
  ConstPlane whole = test;
  for (const Scale &scale : scales_) {
    dwt2(whole, scale.test, pool_);
    whole = scale.test.a;
    decouple(scale);
    std::array<double, kBands> cubes{};
    found += mask(scale, cubes);
    differentiate(scale, cubes);
  }
  const Plane &last = scales_.back().test.a;
  std::fill_n(last.data, last.size(), 0.0F);
  for (size_t i = kLevels; i-- > 0;) {
    const Plane out = i == 0 ? gradient : scales_[i - 1].test.a;
    dwt2_adjoint(scales_[i].test, out, scratch_.data(), pool_);
  }
  return 1 - found / reference_;
}

}  // namespace hcd::cpu
