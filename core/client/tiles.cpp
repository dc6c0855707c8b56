// SPDX-License-Identifier: BSD-2-Clause
#include "client/tiles.h"

#include <algorithm>

#include "base/buffer.h"

namespace hcd::client {
namespace {

// Small enough for a frame to occupy a few threads, large enough for the halo to stay cheap: with
// four times the halo a tile costs 2.25 times its own work.
constexpr int kDefaultTile = 128, kHalosInTile = 4;

int round_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

int halo_of(const NetworkInfo &info) { return round_up(info.receptive_field, info.alignment); }

std::vector<Tile> tiles_of(const NetworkInfo &info, const Run &run, int width, int height) {
  const int halo = halo_of(info);
  return make_tiles(width, height, tile_side(run.tile, halo, info.alignment), halo);
}

// A picture of its own.
struct Picture {
  Picture() = default;
  Picture(int channels, const Rect &r)
      : values(static_cast<size_t>(channels) * r.width * r.height),
        view(values.data(), channels, r.height, r.width, r.width,
             static_cast<ptrdiff_t>(r.width) * r.height) {}
  void clear() { std::fill_n(values.data(), values.size(), 0.0F); }

  Buffer values;
  Plane view;
};

template <typename Function>
void for_rows(const Plane &picture, const Function &function) {
  for (int c = 0; c < picture.channels; ++c) {
    for (int y = 0; y < picture.height; ++y) function(c, y, picture.row(c, y));
  }
}

void copy(const ConstPlane &from, const Plane &to) {
  for_rows(to, [&](int c, int y, float *row) { std::copy_n(from.row(c, y), to.width, row); });
}

// Adds up the tiles' gradients where they overlap, in the order of the tiles.
void gather(const std::vector<Picture> &parts, const std::vector<Tile> &tiles, int scale,
            const Plane &gradient) {
  for_rows(gradient, [&](int, int, float *row) { std::fill_n(row, gradient.width, 0.0F); });
  for (size_t i = 0; i < tiles.size(); ++i) {
    const ConstPlane from = parts[i].view;
    for_rows(gradient.crop(tiles[i].seen.scaled(scale)), [&](int c, int y, float *row) {
      const float *source = from.row(c, y);
      for (int x = 0; x < from.width; ++x) row[x] += source[x];
    });
  }
}

}  // namespace

std::vector<Tile> make_tiles(int width, int height, int side, int halo) {
  std::vector<Tile> tiles;
  for (int y = 0; y < height; y += side) {
    for (int x = 0; x < width; x += side) {
      const Rect core{x, y, std::min(side, width - x), std::min(side, height - y)};
      tiles.push_back({core, core.grown(halo, width, height)});
    }
  }
  return tiles;
}

int tile_side(int wanted, int halo, int alignment) {
  return round_up(wanted > 0 ? wanted : std::max(kDefaultTile, kHalosInTile * halo), alignment);
}

void TiledNetwork::forward(const Run &run, ConstPlane lr, uint64_t key, Plane hr,
                           std::unique_ptr<Tape> *) {
  const int s = info().scale;
  const auto tiles = tiles_of(info(), run, lr.width, lr.height);
  run.pool.run(static_cast<int>(tiles.size()), [&](int i) {
    const Tile &tile = tiles[static_cast<size_t>(i)];
    Picture result(lr.channels, tile.seen.scaled(s));
    tile_forward(lr.crop(tile.seen), result.view, {key, tile.seen.x, tile.seen.y});
    copy(result.view.crop(tile.core.relative_to(tile.seen).scaled(s)),
         hr.crop(tile.core.scaled(s)));
  });
}

void TiledNetwork::backward(const Run &run, ConstPlane lr, uint64_t key, const Tape *,
                            ConstPlane slope, Plane gradient) {
  const LocalLoss given = [&](const Rect &window, ConstPlane, Plane to) {
    copy(slope.crop(window), to);
    return 0.0;
  };
  pass(run, lr, key, given, gradient);
}

double TiledNetwork::pass(const Run &run, ConstPlane lr, uint64_t key, const LocalLoss &loss,
                          Plane gradient) {
  const int s = info().scale;
  const auto tiles = tiles_of(info(), run, lr.width, lr.height);
  std::vector<Picture> parts(tiles.size());
  std::vector<double> values(tiles.size());
  run.pool.run(static_cast<int>(tiles.size()), [&](int i) {
    const auto n = static_cast<size_t>(i);
    const Tile &tile = tiles[n];
    parts[n] = Picture(lr.channels, tile.seen);
    parts[n].clear();
    const Rect window = tile.core.scaled(s);
    values[n] = tile_pass(
        lr.crop(tile.seen), tile.core.relative_to(tile.seen).scaled(s),
        [&](const Rect &, ConstPlane shown, Plane slope) { return loss(window, shown, slope); },
        parts[n].view, {key, tile.seen.x, tile.seen.y});
  });
  gather(parts, tiles, 1, gradient);
  double value = 0;
  for (const double v : values) value += v;
  return value;
}

void TiledNetwork::downscale(const Run &run, ConstPlane hr, Plane lr) {
  const int s = info().scale;
  const auto tiles = tiles_of(info(), run, lr.width, lr.height);
  run.pool.run(static_cast<int>(tiles.size()), [&](int i) {
    const Tile &tile = tiles[static_cast<size_t>(i)];
    Picture result(lr.channels, tile.seen);
    tile_downscale(hr.crop(tile.seen.scaled(s)), result.view);
    copy(result.view.crop(tile.core.relative_to(tile.seen)), lr.crop(tile.core));
  });
}

void TiledNetwork::downscale_backward(const Run &run, ConstPlane hr, ConstPlane v, Plane gradient) {
  const int s = info().scale;
  const auto tiles = tiles_of(info(), run, v.width, v.height);
  std::vector<Picture> parts(tiles.size());
  run.pool.run(static_cast<int>(tiles.size()), [&](int i) {
    const auto n = static_cast<size_t>(i);
    const Tile &tile = tiles[n];
    // v counts where this tile is responsible, and is zero in the halo.
    Picture own(v.channels, tile.seen);
    own.clear();
    copy(v.crop(tile.core), own.view.crop(tile.core.relative_to(tile.seen)));
    parts[n] = Picture(hr.channels, tile.seen.scaled(s));
    parts[n].clear();
    tile_downscale_backward(hr.crop(tile.seen.scaled(s)), own.view, parts[n].view);
  });
  gather(parts, tiles, s, gradient);
}

}  // namespace hcd::client
