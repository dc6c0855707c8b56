// SPDX-License-Identifier: BSD-2-Clause
// A small network in plain C++ for tests: f is a 3x3 filter, a square and nearest doubling with a
// fixed pattern; g, if it has one, is the mean of 2x2 pixels, sharpened by a 3x3 filter.
#pragma once

#include <algorithm>
#include <vector>

#include "client/tiles.h"

namespace hcd::test {

class FakeNetwork : public client::TiledNetwork {
 public:
  FakeNetwork(client::Colour colour, bool has_downscale)
      : info_{"fake", 2, colour, 1, has_downscale} {}

  const client::NetworkInfo &info() const override { return info_; }

  void tile_forward(Engine *, ConstPlane lr, Plane hr, const client::Draw &) override {
    for_outputs(lr, [&](int c, int y, int x, float sharp, int dy, int dx) {
      hr.data[c * hr.plane + (2 * y + dy) * hr.stride + 2 * x + dx] = output(sharp, dy, dx);
    });
  }

  double tile_pass(ConstPlane lr, const Rect &window, const LocalLoss &loss, Plane gradient,
                   const client::Draw &) override {
    const auto plane = static_cast<ptrdiff_t>(4) * lr.height * lr.width;
    std::vector<float> shown(static_cast<size_t>(plane * lr.channels)), slopes(shown.size(), 0.0F);
    const auto view = [&](std::vector<float> &values) {
      return Plane{values.data(), lr.channels, 2 * lr.height, 2 * lr.width, 2 * lr.width, plane};
    };
    tile_forward(nullptr, lr, view(shown), {});
    const double value = loss(window, view(shown).crop(window), view(slopes).crop(window));
    tile_backward(nullptr, lr, view(slopes), gradient, {});
    return value;
  }

  void tile_backward(Engine *, ConstPlane lr, ConstPlane v, Plane gradient,
                     const client::Draw &) override {
    clear(gradient);
    for_outputs(lr, [&](int c, int y, int x, float sharp, int dy, int dx) {
      scatter(gradient, c, y, x, v.row(c, 2 * y + dy)[2 * x + dx] * slope(sharp, dy, dx));
    });
  }

  void tile_downscale(Engine *, ConstPlane hr, Plane lr) override {
    const std::vector<float> mean = means(hr);
    for (int c = 0; c < lr.channels; ++c) {
      const ConstPlane plane{&mean[static_cast<size_t>(c) * lr.height * lr.width],
                             1,
                             lr.height,
                             lr.width,
                             lr.width,
                             0};
      for (int y = 0; y < lr.height; ++y) {
        for (int x = 0; x < lr.width; ++x)
          lr.data[c * lr.plane + y * lr.stride + x] = filter(plane, 0, y, x);
      }
    }
  }

  void tile_downscale_backward(Engine *, ConstPlane hr, ConstPlane v, Plane gradient) override {
    clear(gradient);
    std::vector<float> pulled(static_cast<size_t>(v.channels) * v.height * v.width, 0.0F);
    const Plane small{pulled.data(), v.channels, v.height,
                      v.width,       v.width,    static_cast<ptrdiff_t>(v.height) * v.width};
    for (int c = 0; c < v.channels; ++c) {
      for (int y = 0; y < v.height; ++y) {
        for (int x = 0; x < v.width; ++x)
          scatter(small, c, y, x, v.data[c * v.plane + y * v.stride + x]);
      }
      for (int y = 0; y < hr.height; ++y) {
        for (int x = 0; x < hr.width; ++x) {
          gradient.data[c * gradient.plane + y * gradient.stride + x] +=
              small.data[c * small.plane + y / 2 * small.stride + x / 2] / 4;
        }
      }
    }
  }

 private:
  // 1.8 at the centre, -0.1 at the eight neighbours; zero beyond the border, as convolutions pad.
  static float filter(const ConstPlane &in, int c, int y, int x) {
    float sum = 0;
    for_taps(in.height, in.width, y, x, [&](int v, int h, float weight) {
      sum += weight * in.data[c * in.plane + v * in.stride + h];
    });
    return sum;
  }
  static void scatter(const Plane &out, int c, int y, int x, float value) {
    for_taps(out.height, out.width, y, x, [&](int v, int h, float weight) {
      out.data[c * out.plane + v * out.stride + h] += weight * value;
    });
  }
  static void clear(const Plane &picture) {
    for (int c = 0; c < picture.channels; ++c) {
      for (int y = 0; y < picture.height; ++y) std::fill_n(picture.row(c, y), picture.width, 0.0F);
    }
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
  static float pattern(int dy, int dx) { return 1.0F + 0.02F * static_cast<float>(dy - dx); }
  static float output(float s, int dy, int dx) {
    return pattern(dy, dx) * (s + 0.05F / 255 * s * s);
  }
  static float slope(float s, int dy, int dx) { return pattern(dy, dx) * (1 + 0.1F / 255 * s); }

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
    const int height = hr.height / 2, width = hr.width / 2;
    std::vector<float> mean(static_cast<size_t>(hr.channels) * height * width, 0.0F);
    for (int c = 0; c < hr.channels; ++c) {
      for (int y = 0; y < hr.height; ++y) {
        for (int x = 0; x < hr.width; ++x) {
          mean[(static_cast<size_t>(c) * height + y / 2) * width + x / 2] +=
              hr.data[c * hr.plane + y * hr.stride + x] / 4;
        }
      }
    }
    return mean;
  }

  client::NetworkInfo info_;
};

}  // namespace hcd::test
