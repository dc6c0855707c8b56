// SPDX-License-Identifier: BSD-2-Clause
// A small network in plain C++ for tests: f is a 3x3 filter, a square and nearest doubling with a
// fixed pattern; g, if it has one, is the mean of 2x2 pixels, sharpened by a 3x3 filter.
#pragma once

#include <vector>

#include "client/tiles.h"

namespace hcd::test {

class FakeNetwork : public client::TiledNetwork {
 public:
  FakeNetwork(client::Colour colour, bool has_downscale)
      : info_{"fake", 2, colour, 1, has_downscale} {}

  const client::NetworkInfo &info() const override { return info_; }

  void tile_forward(ConstPlane lr, Plane hr, const client::Draw &) override {
    for_outputs(lr, [&](int c, int y, int x, float sharp, int dy, int dx) {
      hr.row(c, 2 * y + dy)[2 * x + dx] = output(sharp, dy, dx);
    });
  }

  double tile_pass(ConstPlane lr, const Rect &window, const client::LocalLoss &loss, Plane gradient,
                   const client::Draw &draw) override {
    std::vector<float> shown(4 * size(lr)), slopes(4 * size(lr), 0.0F);
    const Plane hr = picture(shown, lr.channels, 2 * lr.height, 2 * lr.width);
    const Plane hr_slopes = picture(slopes, lr.channels, 2 * lr.height, 2 * lr.width);
    tile_forward(lr, hr, draw);
    const double value = loss(window, hr.crop(window), hr_slopes.crop(window));
    for_outputs(lr, [&](int c, int y, int x, float sharp, int dy, int dx) {
      const float v = hr_slopes.row(c, 2 * y + dy)[2 * x + dx];
      scatter(gradient, c, y, x, v * slope(sharp, dy, dx));
    });
    return value;
  }

  void tile_downscale(ConstPlane hr, Plane lr) override {
    std::vector<float> mean = means(hr);
    const Plane small = picture(mean, lr.channels, lr.height, lr.width);
    for (int c = 0; c < lr.channels; ++c) {
      for (int y = 0; y < lr.height; ++y) {
        for (int x = 0; x < lr.width; ++x) lr.row(c, y)[x] = filter(small, c, y, x);
      }
    }
  }

  void tile_downscale_backward(ConstPlane hr, ConstPlane v, Plane gradient) override {
    std::vector<float> pulled(size(v), 0.0F);
    const Plane small = picture(pulled, v.channels, v.height, v.width);
    for (int c = 0; c < v.channels; ++c) {
      for (int y = 0; y < v.height; ++y) {
        for (int x = 0; x < v.width; ++x) scatter(small, c, y, x, v.row(c, y)[x]);
      }
      for (int y = 0; y < hr.height; ++y) {
        for (int x = 0; x < hr.width; ++x) gradient.row(c, y)[x] += small.row(c, y / 2)[x / 2] / 4;
      }
    }
  }

 private:
  static size_t size(const ConstPlane &p) { return static_cast<size_t>(p.channels) * p.size(); }
  static Plane picture(std::vector<float> &values, int channels, int height, int width) {
    return {values.data(), channels, height, width, width, static_cast<ptrdiff_t>(height) * width};
  }

  // 1.8 at the centre, -0.1 at the eight neighbours; zero beyond the border, as convolutions pad.
  static float filter(const ConstPlane &in, int c, int y, int x) {
    float sum = 0;
    for_taps(in.height, in.width, y, x,
             [&](int v, int h, float weight) { sum += weight * in.row(c, v)[h]; });
    return sum;
  }
  static void scatter(const Plane &out, int c, int y, int x, float value) {
    for_taps(out.height, out.width, y, x,
             [&](int v, int h, float weight) { out.row(c, v)[h] += weight * value; });
  }
  template <typename Function>
  static void for_taps(int height, int width, int y, int x, const Function &function) {
    for (int v = y - 1; v <= y + 1; ++v) {
      for (int h = x - 1; h <= x + 1; ++h) {
        if (v < 0 || h < 0 || v >= height || h >= width) continue;
        function(v, h, v == y && h == x ? 1.8F : -0.1F);
      }
    }
  }
  // A few per cent from linear over the 8-bit scale.
  static constexpr float kBend = 0.05F / 255;
  static float pattern(int dy, int dx) { return 1.0F + 0.02F * static_cast<float>(dy - dx); }
  static float output(float s, int dy, int dx) { return pattern(dy, dx) * (s + kBend * s * s); }
  static float slope(float s, int dy, int dx) { return pattern(dy, dx) * (1 + 2 * kBend * s); }

  template <typename Function>
  void for_outputs(ConstPlane lr, const Function &function) {
    for (int c = 0; c < lr.channels; ++c) {
      for (int y = 0; y < lr.height; ++y) {
        for (int x = 0; x < lr.width; ++x) {
          const float sharp = filter(lr, c, y, x);
          for (int dy = 0; dy < 2; ++dy) {
            for (int dx = 0; dx < 2; ++dx) function(c, y, x, sharp, dy, dx);
          }
        }
      }
    }
  }
  static std::vector<float> means(ConstPlane hr) {
    std::vector<float> mean(size(hr) / 4, 0.0F);
    const Plane small = picture(mean, hr.channels, hr.height / 2, hr.width / 2);
    for (int c = 0; c < hr.channels; ++c) {
      for (int y = 0; y < hr.height; ++y) {
        for (int x = 0; x < hr.width; ++x) small.row(c, y / 2)[x / 2] += hr.row(c, y)[x] / 4;
      }
    }
    return mean;
  }

  client::NetworkInfo info_;
};

}  // namespace hcd::test
