// SPDX-License-Identifier: BSD-2-Clause
// The operations of Engine in double precision: loops that are easy to believe. Nothing here is
// shared with an engine.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "image/colour.h"
#include "image/format.h"
#include "image/separable.h"
#include "support/picture.h"

namespace hcd::conformance::reference {

using test::Picture;

// One plane, or a matrix.
struct Grid {
  Grid() = default;
  Grid(int h, int w, double value = 0)
      : height(h), width(w), values(static_cast<size_t>(h) * w, value) {}
  explicit Grid(const Picture &picture, int channel = 0) : Grid(picture.height(), picture.width()) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) at(y, x) = picture.at(channel, y, x);
    }
  }

  double &at(int y, int x) { return values[static_cast<size_t>(y) * width + x]; }
  double at(int y, int x) const { return values[static_cast<size_t>(y) * width + x]; }
  // Beyond the border the nearest sample.
  double nearest(int y, int x) const {
    return at(std::clamp(y, 0, height - 1), std::clamp(x, 0, width - 1));
  }

  int height = 0, width = 0;
  std::vector<double> values;
};

inline Grid transposed(const Grid &a) {
  Grid t(a.width, a.height);
  for (int y = 0; y < a.height; ++y) {
    for (int x = 0; x < a.width; ++x) t.at(x, y) = a.at(y, x);
  }
  return t;
}

inline Grid product(const Grid &a, const Grid &b) {
  Grid c(a.height, b.width);
  for (int y = 0; y < a.height; ++y) {
    for (int k = 0; k < a.width; ++k) {
      for (int x = 0; x < b.width; ++x) c.at(y, x) += a.at(y, k) * b.at(k, x);
    }
  }
  return c;
}

// Solves a x = b by elimination with pivots.
inline Grid solved(Grid a, Grid b) {
  const int n = a.height;
  for (int i = 0; i < n; ++i) {
    int pivot = i;
    for (int y = i; y < n; ++y) {
      if (std::abs(a.at(y, i)) > std::abs(a.at(pivot, i))) pivot = y;
    }
    for (int x = 0; x < n; ++x) std::swap(a.at(i, x), a.at(pivot, x));
    for (int x = 0; x < b.width; ++x) std::swap(b.at(i, x), b.at(pivot, x));
    for (int y = 0; y < n; ++y) {
      if (y == i) continue;
      const double factor = a.at(y, i) / a.at(i, i);
      for (int x = i; x < n; ++x) a.at(y, x) -= factor * a.at(i, x);
      for (int x = 0; x < b.width; ++x) b.at(y, x) -= factor * b.at(i, x);
    }
  }
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < b.width; ++x) b.at(y, x) /= a.at(y, y);
  }
  return b;
}

// ---- operators ----

inline Grid dense(const image::Axis &axis) {
  Grid matrix(axis.out, axis.in);
  for (int i = 0; i < axis.out; ++i) {
    for (int t = 0; t < axis.taps; ++t) {
      matrix.at(i, axis.start[static_cast<size_t>(i)] + t) += axis.row(i)[t];
    }
  }
  return matrix;
}

inline Grid apply(const image::Separable &op, const Grid &in) {
  return product(product(dense(op.vertical), in), transposed(dense(op.horizontal)));
}

// L D L^T.
inline Grid dense(const image::BandedSolver &solver) {
  Grid lower(solver.n, solver.n), scaled(solver.n, solver.n);
  for (int i = 0; i < solver.n; ++i) {
    lower.at(i, i) = 1;
    for (int j = 0; j < solver.band; ++j) {
      const int column = i - solver.band + j;
      if (column < 0) continue;
      lower.at(i, column) = solver.lower[static_cast<size_t>(i * solver.band + j)];
    }
  }
  for (int i = 0; i < solver.n; ++i) {
    for (int k = 0; k <= i; ++k) {
      scaled.at(i, k) =
          lower.at(i, k) / static_cast<double>(solver.inverse_diag[static_cast<size_t>(k)]);
    }
  }
  return product(scaled, transposed(lower));
}

inline Grid apply(const image::Inverse &inverse, const Grid &in) {
  const Grid rows = solved(dense(inverse.vertical), apply(inverse.pull, in));
  return transposed(solved(dense(inverse.horizontal), transposed(rows)));
}

// ---- frames ----

inline double code(int depth, const image::Range &range, double value) {
  const double scale = 1 << (depth - 8), top = (1 << depth) - 1;
  const double high = range.high >= 255 ? top : range.high * scale;
  // std::nearbyint() takes ties to even.
  return std::clamp(std::nearbyint(value * scale), range.low * scale, high);
}

// ---- losses ----

// The wavelet's taps; the mirror beyond the border.
inline constexpr std::array<double, 4> kLow = {0.482962913144690, 0.836516303737469,
                                               0.224143868041857, -0.129409522550921};
inline double tap(bool high, int t) {
  constexpr double kSigns[4] = {1, -1, 1, -1};
  return high ? kSigns[t] * kLow[static_cast<size_t>(3 - t)] : kLow[static_cast<size_t>(t)];
}
inline int mirrored(int i, int n) {
  if (n == 1) return 0;
  while (i < 0 || i >= n) i = i < 0 ? -i : 2 * (n - 1) - i;
  return i;
}
inline Grid halved(const Grid &in, bool high) {  // along columns
  Grid out((in.height + 1) / 2, in.width);
  for (int y = 0; y < out.height; ++y) {
    for (int t = 0; t < 4; ++t) {
      for (int x = 0; x < in.width; ++x) {
        out.at(y, x) += tap(high, t) * in.at(mirrored(2 * y - 1 + t, in.height), x);
      }
    }
  }
  return out;
}
inline Grid halved_along_rows(const Grid &in, bool high) {
  return transposed(halved(transposed(in), high));
}

// Lost detail as engine/engine.h and the papers that it names describe it.
inline double lost_detail(const Grid &test, const Grid &reference) {
  constexpr double kAmplitude[4][2] = {
      {0.67234, 0.72709}, {0.41317, 0.49428}, {0.22727, 0.28688}, {0.11792, 0.15214}};
  const auto weight = [&](int level, int band) {
    const double orientation = band == 2 ? 0.534 : 1;
    const double f =
        std::log10(std::exp2(level + 1) * 0.401 * orientation / (3 * 1080 * M_PI / 180));
    return kAmplitude[level][band == 2] / (2 * 0.495 * std::pow(10.0, 0.466 * f * f));
  };
  Grid t = test, o = reference;
  double found = 0, whole = 0;
  for (int level = 0; level < 4; ++level) {
    const auto split = [](Grid &g, std::array<Grid, 3> &bands) {
      const Grid low = halved(g, false), high = halved(g, true);
      bands = {halved_along_rows(low, true), halved_along_rows(high, false),
               halved_along_rows(high, true)};
      g = halved_along_rows(low, false);
    };
    std::array<Grid, 3> test_bands, bands;
    split(t, test_bands);
    split(o, bands);
    const int h = o.height, w = o.width, cut_y = h / 10, cut_x = w / 10;
    const auto kept = [&](size_t b, int y, int x) {
      const double all = bands[b].at(y, x);
      return std::clamp(test_bands[b].at(y, x), std::min(all, 0.0), std::max(all, 0.0));
    };
    Grid added(h, w);
    for (size_t b = 0; b < 3; ++b) {
      for (int y = 0; y < h; ++y) {
        for (int x = 0; x < w; ++x) {
          added.at(y, x) +=
              weight(level, static_cast<int>(b)) * std::abs(test_bands[b].at(y, x) - kept(b, y, x));
        }
      }
    }
    for (size_t b = 0; b < 3; ++b) {
      double kept_cubes = 0, all_cubes = 0;
      for (int y = cut_y; y < h - cut_y; ++y) {
        for (int x = cut_x; x < w - cut_x; ++x) {
          double mask = added.at(y, x) / 30;  // the centre counts twice
          for (int v = y - 1; v <= y + 1; ++v) {
            for (int u = x - 1; u <= x + 1; ++u) mask += added.nearest(v, u) / 30;
          }
          const double sight = weight(level, static_cast<int>(b));
          kept_cubes += std::pow(std::max(std::abs(kept(b, y, x)) * sight - mask, 0.0), 3);
          all_cubes += std::pow(std::abs(bands[b].at(y, x)) * sight, 3);
        }
      }
      const double flat = std::cbrt((h - 2 * cut_y) * (w - 2 * cut_x) / 32.0);
      found += std::cbrt(kept_cubes) + flat;
      whole += std::cbrt(all_cubes) + flat;
    }
  }
  return 1 - found / whole;
}

}  // namespace hcd::conformance::reference
