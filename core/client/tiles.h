// SPDX-License-Identifier: BSD-2-Clause
// Runs a network over a picture tile by tile, so that memory stays bounded.
#pragma once

#include <vector>

#include "base/parallel.h"
#include "client/network.h"

namespace hcd::client {

// The tiling does not depend on the machine or the number of threads, and each tile is one piece of
// work: results are the same for any number of threads. Every tile is given the halo that the
// network's receptive field asks for, so that tiles fit together without seams.
class TiledNetwork {
 public:
  // `tile`: side in LR pixels, or 0 for the default. References are kept.
  TiledNetwork(client::Network &network, int tile, ThreadPool &pool);

  const client::NetworkInfo &info() const { return network_.info(); }

  // See client::Network. `key`: of the picture's latent.
  void upscale(ConstPlane lr, Plane hr, uint64_t key = 0);
  // Error over the whole picture; overwrites `gradient`.
  double error_and_gradient(ConstPlane lr, ConstPlane target, Plane gradient,
                            uint64_t key = 0);
  // gradient = J^T v (the same bits for any tile where info().exact_parts), J the derivative of f
  // at `lr`; `shown`: f(lr), of upscale(), with no latent. `v` is overwritten.
  void upscale_vjp(ConstPlane lr, ConstPlane shown, Plane v, Plane gradient);
  void downscale(ConstPlane hr, Plane lr);
  // Overwrites `gradient`.
  void downscale_vjp(ConstPlane hr, ConstPlane v, Plane gradient);

 private:
  void whole_gradient(ConstPlane lr, ConstPlane target, Plane gradient);

  client::Network &network_;
  int halo_, tile_;
  ThreadPool &pool_;
};

}  // namespace hcd::client
