// SPDX-License-Identifier: BSD-2-Clause
#include "quality/measures.h"

#include <array>
#include <cmath>
#include <stdexcept>

#include "base/psnr.h"

namespace hcd::quality {
namespace {

void check_same_size(ConstPlane a, ConstPlane b) {
  if (a.width != b.width || a.height != b.height || a.width < 1 || a.height < 1) {
    throw std::invalid_argument("pictures to be compared must have the same size");
  }
}

constexpr double kC1 = (0.01 * 255) * (0.01 * 255);
constexpr double kC2 = (0.03 * 255) * (0.03 * 255);

using Taps = std::array<double, kSsimWindow>;

Taps gaussian_taps() {
  constexpr double kSigma = 1.5;
  Taps taps;
  double sum = 0;
  for (int i = 0; i < kSsimWindow; ++i) {
    const int distance = i - kSsimWindow / 2;
    taps[size_t(i)] = std::exp(-distance * distance / (2 * kSigma * kSigma));
    sum += taps[size_t(i)];
  }
  for (double &tap : taps) tap /= sum;
  return taps;
}

// Weighted means in a window: of a, b, a*a, b*b and a*b.
struct Moments {
  double a = 0, b = 0, aa = 0, bb = 0, ab = 0;

  void add(double weight, const Moments &other) {
    a += weight * other.a;
    b += weight * other.b;
    aa += weight * other.aa;
    bb += weight * other.bb;
    ab += weight * other.ab;
  }
};

// Adds `weight` times the moments of a pair of rows to `sums`, one per column.
void add_row(const float *row_a, const float *row_b, double weight, std::vector<Moments> &sums) {
  for (size_t x = 0; x < sums.size(); ++x) {
    const double a = double(row_a[x]), b = double(row_b[x]);
    sums[x].add(weight, {a, b, a * a, b * b, a * b});
  }
}

double index(const Moments &m) {
  const double variance_a = m.aa - m.a * m.a;
  const double variance_b = m.bb - m.b * m.b;
  const double covariance = m.ab - m.a * m.b;
  return ((2 * m.a * m.b + kC1) * (2 * covariance + kC2)) /
         ((m.a * m.a + m.b * m.b + kC1) * (variance_a + variance_b + kC2));
}

}  // namespace

ConstPlane without_border(ConstPlane plane, int border) {
  if (border < 0 || plane.width <= 2 * border || plane.height <= 2 * border) {
    throw std::invalid_argument("the picture is not larger than the border to be cut");
  }
  return plane.crop({border, border, plane.width - 2 * border, plane.height - 2 * border});
}

std::vector<float> luma_bt601(ConstPlane red, ConstPlane green, ConstPlane blue,
                              Rounding rounding) {
  check_same_size(red, green);
  check_same_size(red, blue);
  std::vector<float> luma;
  luma.reserve(static_cast<size_t>(red.width) * static_cast<size_t>(red.height));
  for (int y = 0; y < red.height; ++y) {
    const float *r = red.row(y), *g = green.row(y), *b = blue.row(y);
    for (int x = 0; x < red.width; ++x) {
      const double value =
          16.0 + (65.481 * double(r[x]) + 128.553 * double(g[x]) + 24.966 * double(b[x])) / 255.0;
      luma.push_back(
          static_cast<float>(rounding == Rounding::kEightBit ? std::floor(value + 0.5) : value));
    }
  }
  return luma;
}

double mean_squared_error(ConstPlane a, ConstPlane b) {
  check_same_size(a, b);
  double sum = 0;
  for (int y = 0; y < a.height; ++y) {
    const float *row_a = a.row(y), *row_b = b.row(y);
    for (int x = 0; x < a.width; ++x) {
      const double difference = double(row_a[x]) - double(row_b[x]);
      sum += difference * difference;
    }
  }
  return sum / (double(a.width) * double(a.height));
}

double psnr(ConstPlane a, ConstPlane b) { return hcd::psnr(mean_squared_error(a, b), 255); }

// By its definition: moments in a sliding window, down the rows first, then along them.
double ssim(ConstPlane a, ConstPlane b) {
  check_same_size(a, b);
  if (a.width < kSsimWindow || a.height < kSsimWindow) {
    throw std::invalid_argument("SSIM needs pictures of 11x11 samples or more");
  }
  const Taps taps = gaussian_taps();
  const int columns = a.width - kSsimWindow + 1, rows = a.height - kSsimWindow + 1;
  std::vector<Moments> vertical(static_cast<size_t>(a.width));
  double sum = 0;
  for (int y = 0; y < rows; ++y) {
    vertical.assign(vertical.size(), {});
    for (int i = 0; i < kSsimWindow; ++i) {
      add_row(a.row(y + i), b.row(y + i), taps[size_t(i)], vertical);
    }
    for (int x = 0; x < columns; ++x) {
      Moments window;
      for (int i = 0; i < kSsimWindow; ++i) window.add(taps[size_t(i)], vertical[size_t(x + i)]);
      sum += index(window);
    }
  }
  return sum / (double(rows) * double(columns));
}

}  // namespace hcd::quality
