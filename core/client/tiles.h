// SPDX-License-Identifier: BSD-2-Clause
// Networks that are run tile by tile, so that memory stays bounded.
#pragma once

#include <vector>

#include "client/network.h"

namespace hcd::client {

// A tile in LR pixels: what it is responsible for, and what it has to see.
struct Tile {
  Rect core, seen;
};

// Tiles of `side` over a picture of that size, which see `halo` more on each side.
std::vector<Tile> make_tiles(int width, int height, int side, int halo);

// The side of a tile: `wanted`, or where that is 0 the default for such a halo.
int tile_side(int wanted, int halo, int alignment);

// Which random numbers a call draws, for networks that are stochastic: those of `key`, at absolute
// positions of a picture whose crop begins at (x, y), in LR pixels. So tiles of one picture agree.
struct Draw {
  uint64_t key = 0;
  int x = 0, y = 0;
};

// The tiling does not depend on the machine or the number of threads, and each tile is one piece of
// work: results are the same for any number of threads. Every tile is given the halo that the
// network's receptive field asks for, so that tiles fit together without seams. A tape would be a
// whole graph for each tile: none is kept. In an engine's memory tiles come one after another, and
// the engine joins them.
class TiledNetwork : public Network {
 public:
  void forward(const Run &run, ConstPlane lr, uint64_t key, Plane hr,
               std::unique_ptr<Tape> *tape) override;
  void backward(const Run &run, ConstPlane lr, uint64_t key, const Tape *tape, ConstPlane slope,
                Plane gradient) override;
  TiledNetwork *tiled() override { return this; }
  // Forward, loss and backward of each tile, so that f runs once. Returns the sum of the values.
  // For pictures of the host.
  double pass(const Run &run, ConstPlane lr, uint64_t key, const LocalLoss &loss, Plane gradient);
  void downscale(const Run &run, ConstPlane hr, Plane lr) override;
  void downscale_backward(const Run &run, ConstPlane hr, ConstPlane v, Plane gradient) override;

  // ---- one tile; called from several threads at once. `engine`: see Run ----

  // f(lr), and gradient = J^T slope.
  virtual void tile_forward(Engine *engine, ConstPlane lr, Plane hr, const Draw &draw) = 0;
  virtual void tile_backward(Engine *engine, ConstPlane lr, ConstPlane slope, Plane gradient,
                             const Draw &draw) = 0;
  // f(lr), of which `loss` gets the part in `window` (pixels of f(lr)) and gives a value and a
  // slope; gradient = J^T slope. Returns the value. For pictures of the host.
  virtual double tile_pass(ConstPlane lr, const Rect &window, const LocalLoss &loss, Plane gradient,
                           const Draw &draw) = 0;
  // g(hr), and gradient = J^T v.
  virtual void tile_downscale(Engine *engine, ConstPlane hr, Plane lr) = 0;
  virtual void tile_downscale_backward(Engine *engine, ConstPlane hr, ConstPlane v,
                                       Plane gradient) = 0;
};

}  // namespace hcd::client
