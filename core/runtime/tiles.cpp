// SPDX-License-Identifier: BSD-2-Clause
#include "runtime/tiles.h"

#include <algorithm>
#include <cmath>

#include "image/plane.h"

namespace hcd::runtime {
namespace {

using net::ConstImage;
using net::Image;
using net::Window;

// Small enough for a frame to occupy a few threads, large enough for the halo to stay cheap: with
// four times the halo a tile costs 2.25 times its own work.
constexpr int kDefaultTile = 128, kHalosInTile = 4;

int round_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

// A tile in LR pixels: what it is responsible for, and what it has to see.
struct Tile {
  Window core, seen;
};

std::vector<Tile> make_tiles(int width, int height, int side, int halo) {
  std::vector<Tile> tiles;
  for (int y = 0; y < height; y += side) {
    for (int x = 0; x < width; x += side) {
      const Window core{x, y, std::min(side, width - x), std::min(side, height - y)};
      const int x0 = std::max(0, x - halo), y0 = std::max(0, y - halo);
      const int x1 = std::min(width, x + core.width + halo);
      const int y1 = std::min(height, y + core.height + halo);
      tiles.push_back({core, {x0, y0, x1 - x0, y1 - y0}});
    }
  }
  return tiles;
}

Window scaled(const Window &w, int s) { return {w.x * s, w.y * s, w.width * s, w.height * s}; }

// `inner` as seen from the corner of `outer`.
Window relative(const Window &inner, const Window &outer) {
  return {inner.x - outer.x, inner.y - outer.y, inner.width, inner.height};
}

template <typename T>
net::View<T> crop(const net::View<T> &image, const Window &w) {
  return image.crop(w.x, w.y, w.width, w.height);
}

// A picture of its own.
struct Picture {
  Picture() = default;
  Picture(int channels, const Window &w)
      : channels(channels),
        width(w.width),
        height(w.height),
        values(static_cast<size_t>(channels) * w.width * w.height) {}
  Image view() {
    return {values.data(), channels, height, width, width, static_cast<ptrdiff_t>(width) * height};
  }
  void clear() { std::fill_n(values.data(), values.size(), 0.0F); }

  int channels = 0, width = 0, height = 0;
  image::Buffer values;
};

ConstImage as_const(const Image &i) {
  return {i.data, i.channels, i.height, i.width, i.stride, i.plane};
}

template <typename Function>
void for_rows(const Image &image, const Function &function) {
  for (int c = 0; c < image.channels; ++c) {
    for (int y = 0; y < image.height; ++y)
      function(c, y, image.data + c * image.plane + y * image.stride);
  }
}

void copy(const ConstImage &from, const Image &to) {
  for_rows(to, [&](int c, int y, float *row) {
    std::copy_n(from.data + c * from.plane + y * from.stride, to.width, row);
  });
}

void add(const ConstImage &from, const Image &to) {
  for_rows(to, [&](int c, int y, float *row) {
    const float *source = from.data + c * from.plane + y * from.stride;
    for (int x = 0; x < to.width; ++x) row[x] += source[x];
  });
}

// Adds up the tiles' gradients where they overlap, in the order of the tiles.
void gather(std::vector<Picture> &parts, const std::vector<Tile> &tiles, int scale,
            Image gradient) {
  for_rows(gradient, [&](int, int, float *row) { std::fill_n(row, gradient.width, 0.0F); });
  for (size_t i = 0; i < tiles.size(); ++i) {
    add(as_const(parts[i].view()), crop(gradient, scaled(tiles[i].seen, scale)));
  }
}

}  // namespace

TiledNetwork::TiledNetwork(net::Network &network, int tile, ThreadPool &pool)
    : network_(network),
      halo_(round_up(network.info().receptive_field, network.info().alignment)),
      tile_(round_up(tile > 0 ? tile : std::max(kDefaultTile, kHalosInTile * halo_),
                     network.info().alignment)),
      pool_(pool) {}

void TiledNetwork::upscale(ConstImage lr, Image hr, uint64_t key) {
  const int s = info().scale;
  const auto tiles = make_tiles(lr.width, lr.height, tile_, halo_);
  pool_.run(static_cast<int>(tiles.size()), [&](int i) {
    const Tile &tile = tiles[static_cast<size_t>(i)];
    network_.upscale_window(crop(lr, tile.seen), scaled(relative(tile.core, tile.seen), s),
                            crop(hr, scaled(tile.core, s)), {key, tile.seen.x, tile.seen.y});
  });
}

double TiledNetwork::error_and_gradient(ConstImage lr, ConstImage target, Image gradient,
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
    errors[n] = network_.error_and_gradient(crop(lr, tile.seen), crop(target, scaled(tile.core, s)),
                                            scaled(relative(tile.core, tile.seen), s),
                                            parts[n].view(), {key, tile.seen.x, tile.seen.y});
  });
  gather(parts, tiles, 1, gradient);
  double error = 0;
  for (const double e : errors) error += e;
  return error;
}

// Each tile has the whole gradient of its pixels, from all of f that depends on them: nothing is
// added up between tiles, whose order would change the last bits.
void TiledNetwork::whole_gradient(ConstImage lr, ConstImage target, Image gradient) {
  const int s = info().scale;
  const auto tiles = make_tiles(lr.width, lr.height, tile_, halo_);
  const auto wide = make_tiles(lr.width, lr.height, tile_, 2 * halo_);
  pool_.run(static_cast<int>(tiles.size()), [&](int i) {
    const auto &[core, shown] = tiles[static_cast<size_t>(i)];
    const Window &seen = wide[static_cast<size_t>(i)].seen;
    Picture part(lr.channels, seen);
    part.clear();
    network_.gradient_part(crop(lr, seen), crop(target, scaled(shown, s)),
                           scaled(relative(shown, seen), s), relative(core, seen), part.view());
    copy(as_const(crop(part.view(), relative(core, seen))), crop(gradient, core));
  });
}

// The derivative of |f(lr) - target|^2 is 2 J^T (f(lr) - target): with target = f(lr) - v / 2 that
// is J^T v. v is scaled to the size of pixels first, where float32 keeps its digits.
void TiledNetwork::upscale_vjp(ConstImage lr, ConstImage shown, Image v, Image gradient) {
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
    whole_gradient(lr, as_const(v), gradient);
  } else {
    error_and_gradient(lr, as_const(v), gradient);
  }
  for_rows(gradient, [&](int, int, float *row) {
    for (int x = 0; x < gradient.width; ++x) row[x] *= largest;
  });
}

void TiledNetwork::downscale(ConstImage hr, Image lr) {
  const int s = info().scale;
  const auto tiles = make_tiles(lr.width, lr.height, tile_, halo_);
  pool_.run(static_cast<int>(tiles.size()), [&](int i) {
    const Tile &tile = tiles[static_cast<size_t>(i)];
    Picture result(lr.channels, tile.seen);
    network_.downscale(crop(hr, scaled(tile.seen, s)), result.view());
    copy(as_const(crop(result.view(), relative(tile.core, tile.seen))), crop(lr, tile.core));
  });
}

void TiledNetwork::downscale_vjp(ConstImage hr, ConstImage v, Image gradient) {
  const int s = info().scale;
  const auto tiles = make_tiles(v.width, v.height, tile_, halo_);
  std::vector<Picture> parts(tiles.size());
  pool_.run(static_cast<int>(tiles.size()), [&](int i) {
    const auto n = static_cast<size_t>(i);
    const Tile &tile = tiles[n];
    // v counts where this tile is responsible, and is zero in the halo.
    Picture own(v.channels, tile.seen);
    own.clear();
    copy(crop(v, tile.core), crop(own.view(), relative(tile.core, tile.seen)));
    parts[n] = Picture(hr.channels, scaled(tile.seen, s));
    parts[n].clear();
    network_.downscale_vjp(crop(hr, scaled(tile.seen, s)), as_const(own.view()), parts[n].view());
  });
  gather(parts, tiles, s, gradient);
}

}  // namespace hcd::runtime
