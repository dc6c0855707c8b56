// SPDX-License-Identifier: BSD-2-Clause
#include "image/separable.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace hcd::image {
namespace {

using SparseRow = std::map<int, double>;  // column -> weight

// Makes the rows equally long: as many taps as the longest row needs, starts moved inside.
Axis from_rows(const std::vector<SparseRow> &rows, int in) {
  Axis axis;
  axis.in = in;
  axis.out = static_cast<int>(rows.size());
  axis.taps = 1;
  for (const SparseRow &row : rows) {
    if (!row.empty()) axis.taps = std::max(axis.taps, row.rbegin()->first - row.begin()->first + 1);
  }
  axis.start.resize(rows.size());
  axis.weights.assign(rows.size() * static_cast<size_t>(axis.taps), 0.0F);
  for (int i = 0; i < axis.out; ++i) {
    const SparseRow &row = rows[static_cast<size_t>(i)];
    const int start = row.empty() ? 0 : std::min(row.begin()->first, in - axis.taps);
    axis.start[static_cast<size_t>(i)] = start;
    for (const auto &[column, weight] : row)
      axis.row(i)[column - start] = static_cast<float>(weight);
  }
  return axis;
}

}  // namespace

Axis resize_axis(const Kernel &kernel, const Grid &grid) {
  const double stretch = std::max(1.0, grid.ratio);
  const double radius = kernel.support * stretch;
  std::vector<SparseRow> rows(static_cast<size_t>(grid.out));
  for (int i = 0; i < grid.out; ++i) {
    const double centre = (i + grid.out_position) * grid.ratio - grid.in_position;
    SparseRow &row = rows[static_cast<size_t>(i)];
    double sum = 0;
    for (int j = static_cast<int>(std::ceil(centre - radius)); j <= centre + radius; ++j) {
      const double weight = kernel.weight(std::abs(j - centre) / stretch);
      if (weight == 0) continue;
      row[std::clamp(j, 0, grid.in - 1)] += weight;
      sum += weight;
    }
    for (auto &entry : row) entry.second /= sum;
  }
  return from_rows(rows, grid.in);
}

Axis transpose(const Axis &axis) {
  std::vector<SparseRow> rows(static_cast<size_t>(axis.in));
  for (int i = 0; i < axis.out; ++i) {
    for (int t = 0; t < axis.taps; ++t) {
      const float weight = axis.row(i)[t];
      if (weight != 0)
        rows[static_cast<size_t>(axis.start[static_cast<size_t>(i)] + t)][i] = weight;
    }
  }
  return from_rows(rows, axis.out);
}

Axis gram(const Axis &axis) {
  std::vector<SparseRow> rows(static_cast<size_t>(axis.in));
  for (int i = 0; i < axis.out; ++i) {
    const int start = axis.start[static_cast<size_t>(i)];
    const float *row = axis.row(i);
    for (int a = 0; a < axis.taps; ++a) {
      for (int b = 0; b < axis.taps; ++b) {
        const double product = static_cast<double>(row[a]) * row[b];
        if (product != 0) rows[static_cast<size_t>(start + a)][start + b] += product;
      }
    }
  }
  return from_rows(rows, axis.in);
}

Axis add(const Axis &a, double weight, const Axis &b) {
  std::vector<SparseRow> rows(static_cast<size_t>(a.out));
  const auto accumulate = [&rows](const Axis &axis, double factor) {
    for (int i = 0; i < axis.out; ++i) {
      for (int t = 0; t < axis.taps; ++t) {
        const double value = static_cast<double>(axis.row(i)[t]) * factor;
        if (value != 0)
          rows[static_cast<size_t>(i)][axis.start[static_cast<size_t>(i)] + t] += value;
      }
    }
  };
  accumulate(a, 1);
  accumulate(b, weight);
  return from_rows(rows, a.in);
}

BandedSolver::BandedSolver(const Axis &gram, double ridge) : n(gram.in) {
  for (int i = 0; i < n; ++i) {
    for (int t = 0; t < gram.taps; ++t) {
      const int column = gram.start[static_cast<size_t>(i)] + t;
      if (gram.row(i)[t] != 0) band = std::max(band, i - column);
    }
  }
  const auto at = [this](int i, int j) { return static_cast<size_t>(i) * band + (j - i + band); };
  std::vector<double> l(static_cast<size_t>(n) * band, 0.0), d(static_cast<size_t>(n), 0.0);
  for (int i = 0; i < n; ++i) {
    double diag = 0;
    for (int t = 0; t < gram.taps; ++t) {
      const int column = gram.start[static_cast<size_t>(i)] + t;
      if (column < i && column >= i - band) l[at(i, column)] = gram.row(i)[t];
      if (column == i) diag = gram.row(i)[t];
    }
    // Enlarging by hardly more than 1 nearly loses the finest detail; this much ridge keeps the
    // system well-posed there and changes nothing visible elsewhere.
    double pivot = diag * (1 + 1e-4) + ridge;
    for (int j = std::max(0, i - band); j < i; ++j) {
      double sum = l[at(i, j)];
      for (int k = std::max({0, i - band, j - band}); k < j; ++k) {
        sum -= l[at(i, k)] * l[at(j, k)] * d[static_cast<size_t>(k)];
      }
      l[at(i, j)] = sum / d[static_cast<size_t>(j)];
      pivot -= l[at(i, j)] * l[at(i, j)] * d[static_cast<size_t>(j)];
    }
    d[static_cast<size_t>(i)] = pivot;
  }
  lower.assign(l.begin(), l.end());
  inverse_diag.resize(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) {
    inverse_diag[static_cast<size_t>(i)] = static_cast<float>(1 / d[static_cast<size_t>(i)]);
  }
}

Separable transpose(const Separable &op) {
  return {transpose(op.horizontal), transpose(op.vertical)};
}

Separable gram(const Separable &op) { return {gram(op.horizontal), gram(op.vertical)}; }

Separable resize(const Kernel &kernel, int in_width, int in_height, int out_width, int out_height,
                 Position position) {
  return {resize_axis(kernel, resize_grid(in_width, out_width, position.x)),
          resize_axis(kernel, resize_grid(in_height, out_height, position.y))};
}

Inverse::Inverse(const Separable &up, const Separable &down, double proximity) {
  const auto invert = [proximity](const Axis &u, const Axis &d, Axis *rhs, BandedSolver *solver) {
    const double ridge = proximity * u.out / u.in;
    *rhs = add(transpose(u), ridge, d);
    *solver = BandedSolver(gram(u), ridge);
  };
  invert(up.horizontal, down.horizontal, &pull.horizontal, &horizontal);
  invert(up.vertical, down.vertical, &pull.vertical, &vertical);
}

}  // namespace hcd::image
