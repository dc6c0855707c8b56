// SPDX-License-Identifier: BSD-2-Clause
#include "client/tiles.h"

#include <algorithm>
#include <cmath>

#include "base/buffer.h"
#include "base/view.h"

namespace hcd::client {
namespace {


// Small enough for a frame to occupy a few threads, large enough for the halo to stay cheap: with
// four times the halo a tile costs 2.25 times its own work.
constexpr int kDefaultTile = 128, kHalosInTile = 4;

int round_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

// A tile in LR pixels: what it is responsible for, and what it has to see.
struct Tile {
  Rect core, seen;
};

std::vector<Tile> make_tiles(int width, int height, int side, int halo) {
  std::vector<Tile> tiles;
  for (int y = 0; y < height; y += side) {
    for (int x = 0; x < width; x += side) {
      const Rect core{x, y, std::min(side, width - x), std::min(side, height - y)};
      const int x0 = std::max(0, x - halo), y0 = std::max(0, y - halo);
      const int x1 = std::min(width, x + core.width + halo);
      const int y1 = std::min(height, y + core.height + halo);
      tiles.push_back({core, {x0, y0, x1 - x0, y1 - y0}});
    }
  }
  return tiles;
}

// A picture of its own.
struct Picture {
  Picture() = default;
  Picture(int channels, const Rect &w)
      : channels(channels),
        width(w.width),
        height(w.height),
        values(static_cast<size_t>(channels) * w.width * w.height) {}
  Plane view() {
    return {values.data(), channels, height, width, width, static_cast<ptrdiff_t>(width) * height};
  }
  void clear() { std::fill_n(values.data(), values.size(), 0.0F); }

  int channels = 0, width = 0, height = 0;
  Buffer values;
};

template <typename Function>
void for_rows(const Plane &image, const Function &function) {
  for (int c = 0; c < image.channels; ++c) {
    for (int y = 0; y < image.height; ++y)
      function(c, y, image.data + c * image.plane + y * image.stride);
  }
}

void copy(const ConstPlane &from, const Plane &to) {
  for_rows(to, [&](int c, int y, float *row) {
    std::copy_n(from.data + c * from.plane + y * from.stride, to.width, row);
  });
}

void add(const ConstPlane &from, const Plane &to) {
  for_rows(to, [&](int c, int y, float *row) {
    const float *source = from.data + c * from.plane + y * from.stride;
    for (int x = 0; x < to.width; ++x) row[x] += source[x];
  });
}

// Adds up the tiles' gradients where they overlap, in the order of the tiles.
void gather(std::vector<Picture> &parts, const std::vector<Tile> &tiles, int scale,
            Plane gradient) {
  for_rows(gradient, [&](int, int, float *row) { std::fill_n(row, gradient.width, 0.0F); });
  for (size_t i = 0; i < tiles.size(); ++i) {
    add(parts[i].view(), gradient.crop(tiles[i].seen.scaled(scale)));
  }
}

}  // namespace

TiledNetwork::TiledNetwork(client::Network &network, int tile, ThreadPool &pool)
    : network_(network),
      halo_(round_up(network.info().receptive_field, network.info().alignment)),
      tile_(round_up(tile > 0 ? tile : std::max(kDefaultTile, kHalosInTile * halo_),
                     network.info().alignment)),
      pool_(pool) {}

void TiledNetwork::upscale(ConstPlane lr, Plane hr, uint64_t key) {
  const int s = info().scale;
  const auto tiles = make_tiles(lr.width, lr.height, tile_, halo_);
  pool_.run(static_cast<int>(tiles.size()), [&](int i) {
    const Tile &tile = tiles[static_cast<size_t>(i)];
    network_.upscale_window(lr.crop(tile.seen), tile.core.relative_to(tile.seen).scaled(s),
                            hr.crop(tile.core.scaled(s)), {key, tile.seen.x, tile.seen.y});
  });
}

double TiledNetwork::error_and_gradient(ConstPlane lr, ConstPlane target, Plane gradient,
                                        uint64_t key) {
  const int s = info().scale;
  const auto tiles = make_tiles(lr.width, lr.height, tile_, halo_);
  std::vector<Picture> parts(tiles.size());
  std::vector<double> errors(tiles.size());
  pool_.run(static_cast<int>(tiles.size()), [&](int i) {
    const auto n = static_cast<size_t>(i);
    const Tile &tile = tiles[n];
    parts[n] = Picture(lr.channels, tile.seen);
    parts[n].clear();
    errors[n] = network_.error_and_gradient(lr.crop(tile.seen), target.crop(tile.core.scaled(s)),
                                            tile.core.relative_to(tile.seen).scaled(s),
                                            parts[n].view(), {key, tile.seen.x, tile.seen.y});
  });
  gather(parts, tiles, 1, gradient);
  double error = 0;
  for (const double e : errors) error += e;
  return error;
}

// Each tile has the whole gradient of its pixels, from all of f that depends on them: nothing is
// added up between tiles, whose order would change the last bits.
void TiledNetwork::whole_gradient(ConstPlane lr, ConstPlane target, Plane gradient) {
  const int s = info().scale;
  const auto tiles = make_tiles(lr.width, lr.height, tile_, halo_);
  const auto wide = make_tiles(lr.width, lr.height, tile_, 2 * halo_);
  pool_.run(static_cast<int>(tiles.size()), [&](int i) {
    const auto &[core, shown] = tiles[static_cast<size_t>(i)];
    const Rect &seen = wide[static_cast<size_t>(i)].seen;
    Picture part(lr.channels, seen);
    part.clear();
    network_.gradient_part(lr.crop(seen), target.crop(shown.scaled(s)),
                           shown.relative_to(seen).scaled(s), core.relative_to(seen), part.view());
    copy(part.view().crop(core.relative_to(seen)), gradient.crop(core));
  });
}

// The derivative of |f(lr) - target|^2 is 2 J^T (f(lr) - target): with target = f(lr) - v / 2 that
// is J^T v. v is scaled to the size of pixels first, where float32 keeps its digits.
void TiledNetwork::upscale_vjp(ConstPlane lr, ConstPlane shown, Plane v, Plane gradient) {
  float largest = 0;
  for_rows(v, [&](int, int, const float *row) {
    for (int x = 0; x < v.width; ++x) largest = std::max(largest, std::abs(row[x]));
  });
  const float scale = largest > 0 ? 1 / largest : 0;
  for_rows(v, [&](int c, int y, float *row) {
    const float *from = shown.data + c * shown.plane + y * shown.stride;
    for (int x = 0; x < v.width; ++x) row[x] = from[x] - 0.5F * scale * row[x];
  });
  if (info().exact_parts) {
    whole_gradient(lr, v, gradient);
  } else {
    error_and_gradient(lr, v, gradient);
  }
  for_rows(gradient, [&](int, int, float *row) {
    for (int x = 0; x < gradient.width; ++x) row[x] *= largest;
  });
}

void TiledNetwork::downscale(ConstPlane hr, Plane lr) {
  const int s = info().scale;
  const auto tiles = make_tiles(lr.width, lr.height, tile_, halo_);
  pool_.run(static_cast<int>(tiles.size()), [&](int i) {
    const Tile &tile = tiles[static_cast<size_t>(i)];
    Picture result(lr.channels, tile.seen);
    network_.downscale(hr.crop(tile.seen.scaled(s)), result.view());
    copy(result.view().crop(tile.core.relative_to(tile.seen)), lr.crop(tile.core));
  });
}

void TiledNetwork::downscale_vjp(ConstPlane hr, ConstPlane v, Plane gradient) {
  const int s = info().scale;
  const auto tiles = make_tiles(v.width, v.height, tile_, halo_);
  std::vector<Picture> parts(tiles.size());
  pool_.run(static_cast<int>(tiles.size()), [&](int i) {
    const auto n = static_cast<size_t>(i);
    const Tile &tile = tiles[n];
    // v counts where this tile is responsible, and is zero in the halo.
    Picture own(v.channels, tile.seen);
    own.clear();
    copy(v.crop(tile.core), own.view().crop(tile.core.relative_to(tile.seen)));
    parts[n] = Picture(hr.channels, tile.seen.scaled(s));
    parts[n].clear();
    network_.downscale_vjp(hr.crop(tile.seen.scaled(s)), own.view(), parts[n].view());
  });
  gather(parts, tiles, s, gradient);
}

}  // namespace hcd::client
