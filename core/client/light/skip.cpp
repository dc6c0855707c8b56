// SPDX-License-Identifier: BSD-2-Clause
#include "client/light/skip.h"

#include <algorithm>
#include <cmath>

#include "engine/cpu/row_ops.h"

namespace hcd::client {
namespace {

// The columns of a row that the picture has, of the `width` + 2 reach from x0 - reach on.
struct Inside {
  Inside(int x0, int width, int reach, int picture)
      : begin(std::max(0, reach - x0)), end(std::min(width + 2 * reach, picture - x0 + reach)) {}
  int begin, end;
};

}  // namespace

Skip::Skip(const image::Kernel &kernel, int scale)
    : scale_(scale), reach_(static_cast<int>(kernel.support)) {
  for (int d = 0; d < scale; ++d) {
    const double centre = (d + 0.5) / scale - 0.5;
    first_.push_back(static_cast<int>(std::floor(centre)) - reach_ + 1);
    std::vector<double> taps;
    double sum = 0;
    for (int t = 0; t < 2 * reach_; ++t) {
      taps.push_back(kernel.weight(std::abs(first_.back() + t - centre)));
      sum += taps.back();
    }
    for (const double tap : taps) weights_.push_back(static_cast<float>(tap / sum));
  }
}

void Skip::row(ConstPlane lr, int y, int dy, int x0, int width, float *scratch,
               float *phases) const {
  const Inside inside(x0, width, reach_, lr.width);
  const int n = width + 2 * reach_;
  const float *rows[2 * kMostReach];
  for (int t = 0; t < 2 * reach_; ++t) {
    const int from = std::clamp(y + first(dy) + t, 0, lr.height - 1);
    rows[t] = lr.row(from) + x0 - reach_ + inside.begin;
  }
  cpu::weigh_rows(weights(dy), rows, 2 * reach_, inside.end - inside.begin, scratch + inside.begin);
  std::fill(scratch, scratch + inside.begin, scratch[inside.begin]);
  std::fill(scratch + inside.end, scratch + n, scratch[inside.end - 1]);
  for (int dx = 0; dx < scale_; ++dx) {
    for (int t = 0; t < 2 * reach_; ++t) {
      rows[t] = scratch + reach_ + first(dx) + t;
    }
    cpu::weigh_rows(weights(dx), rows, 2 * reach_, width, phases + dx * width);
  }
}

void Skip::add_adjoint(const float *phases, int y, int dy, const Rect &part, float *scratch,
                       Plane gradient) const {
  const int x0 = part.x, width = part.width;
  const Inside inside(x0, width, reach_, gradient.width);
  const int n = width + 2 * reach_;
  std::fill_n(scratch, n, 0.0F);
  for (int dx = 0; dx < scale_; ++dx) {
    float *to = scratch + reach_ + first(dx);
    for (int t = 0; t < 2 * reach_; ++t) {
      cpu::axpy_row(weights(dx)[t], phases + dx * width, to + t, width);
    }
  }
  for (int i = 0; i < inside.begin; ++i) scratch[inside.begin] += scratch[i];
  for (int i = inside.end; i < n; ++i) scratch[inside.end - 1] += scratch[i];
  for (int t = 0; t < 2 * reach_; ++t) {
    const int to = std::clamp(y + first(dy) + t, 0, gradient.height - 1);
    if (to < part.y || to >= part.bottom()) continue;
    cpu::axpy_row(weights(dy)[t], scratch + inside.begin,
                  gradient.row(to) + x0 - reach_ + inside.begin, inside.end - inside.begin);
  }
}

}  // namespace hcd::client
