// SPDX-License-Identifier: BSD-2-Clause
// The squared error of what a network shows, as tests ask for it.
#pragma once

#include <memory>

#include "client/tiles.h"
#include "support/picture.h"

namespace hcd::test {

// |f(x) - target|^2 over `window` of f(x) (the target is as large as the window) and its gradient,
// in one pass where the network works by parts, else there and back again.
inline double error_and_gradient(client::Network &network, const client::Run &run, ConstPlane x,
                                 ConstPlane target, const Rect &window, Plane gradient) {
  const LocalLoss loss = [&](const Rect &part, ConstPlane shown, Plane slope) {
    double sum = 0;
    for (int c = 0; c < shown.channels; ++c) {
      for (int v = 0; v < shown.height; ++v) {
        for (int u = 0; u < shown.width; ++u) {
          const bool counts = window.contains(part.x + u, part.y + v);
          const float error =
              counts
                  ? shown.row(c, v)[u] - target.row(c, part.y + v - window.y)[part.x + u - window.x]
                  : 0;
          slope.row(c, v)[u] = 2 * error;
          sum += static_cast<double>(error) * static_cast<double>(error);
        }
      }
    }
    return sum;
  };
  if (client::TiledNetwork *tiled = network.tiled()) return tiled->pass(run, x, 0, loss, gradient);
  const int s = network.info().scale;
  Picture shown(x.channels, s * x.height, s * x.width), slope = shown;
  std::unique_ptr<client::Tape> tape;
  network.forward(run, x, 0, shown.view(), &tape);
  const double sum = loss(shown.all(), shown.read(), slope.view());
  network.backward(run, x, 0, tape.get(), slope.read(), gradient);
  return sum;
}
inline double error_and_gradient(client::Network &network, const client::Run &run, const Picture &x,
                                 const Picture &target, Picture &gradient) {
  return error_and_gradient(network, run, x.view(), target.view(), target.all(), gradient.view());
}

}  // namespace hcd::test
