// SPDX-License-Identifier: BSD-2-Clause
#include "client/tiles.h"

#include <algorithm>
#include <functional>
#include <utility>

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

template <typename Function>
void for_rows(const Plane &picture, const Function &function) {
  for (int c = 0; c < picture.channels; ++c) {
    for (int y = 0; y < picture.height; ++y) function(c, y, picture.row(c, y));
  }
}

// A picture of its own, without gaps.
struct Picture {
  Buffer values;
  Plane view;
};

// Where the pictures of a run are.
class Memory {
 public:
  explicit Memory(const Run &run) : run_(run) {}

  Picture make(int channels, const Rect &r) const {
    const size_t n = static_cast<size_t>(channels) * r.width * r.height;
    Buffer values = run_.engine ? run_.engine->allocate(n) : Buffer(n);
    float *data = values.data();
    return {
        std::move(values),
        {data, channels, r.height, r.width, r.width, static_cast<ptrdiff_t>(r.width) * r.height}};
  }
  void clear(const Plane &picture) const {
    if (run_.engine) return run_.engine->fill(picture, 0);
    for_rows(picture, [&](int, int, float *row) { std::fill_n(row, picture.width, 0.0F); });
  }
  void copy(const ConstPlane &from, const Plane &to) const {
    if (run_.engine) return run_.engine->copy(from, to);
    for_rows(to, [&](int c, int y, float *row) { std::copy_n(from.row(c, y), to.width, row); });
  }
  // to += part
  void add(const Picture &part, const Plane &to) const {
    if (run_.engine) {
      Picture sum = make(to.channels, {0, 0, to.width, to.height});
      copy(to, sum.view);
      run_.engine->axpy(1, part.values.span(), sum.values.span());
      return copy(sum.view, to);
    }
    for_rows(to, [&](int c, int y, float *row) {
      const float *source = part.view.row(c, y);
      for (int x = 0; x < to.width; ++x) row[x] += source[x];
    });
  }
  // Calls `work` with each tile's number: one after another where an engine, which has one caller
  // at a time, holds the pictures.
  void for_tiles(const std::vector<Tile> &tiles, const std::function<void(size_t)> &work) const {
    const int n = static_cast<int>(tiles.size());
    if (!run_.engine) return run_.pool.run(n, [&](int i) { work(static_cast<size_t>(i)); });
    for (int i = 0; i < n; ++i) work(static_cast<size_t>(i));
  }

 private:
  const Run &run_;
};

// Adds up the tiles' gradients where they overlap, in the order of the tiles.
void gather(const Memory &memory, const std::vector<Picture> &parts, const std::vector<Tile> &tiles,
            int scale, const Plane &gradient) {
  memory.clear(gradient);
  for (size_t i = 0; i < tiles.size(); ++i) {
    memory.add(parts[i], gradient.crop(tiles[i].seen.scaled(scale)));
  }
}

// `v` where a tile is responsible, and 0 in the halo.
Picture own_part(const Memory &memory, ConstPlane v, const Tile &tile, int scale) {
  Picture own = memory.make(v.channels, tile.seen.scaled(scale));
  memory.clear(own.view);
  memory.copy(v.crop(tile.core.scaled(scale)),
              own.view.crop(tile.core.relative_to(tile.seen).scaled(scale)));
  return own;
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
  const Memory memory(run);
  const auto tiles = tiles_of(info(), run, lr.width, lr.height);
  memory.for_tiles(tiles, [&](size_t i) {
    const Tile &tile = tiles[i];
    const Picture result = memory.make(lr.channels, tile.seen.scaled(s));
    tile_forward(run.engine, lr.crop(tile.seen), result.view, {key, tile.seen.x, tile.seen.y});
    memory.copy(result.view.crop(tile.core.relative_to(tile.seen).scaled(s)),
                hr.crop(tile.core.scaled(s)));
  });
}

void TiledNetwork::backward(const Run &run, ConstPlane lr, uint64_t key, const Tape *,
                            ConstPlane slope, Plane gradient) {
  const Memory memory(run);
  const auto tiles = tiles_of(info(), run, lr.width, lr.height);
  std::vector<Picture> parts(tiles.size());
  memory.for_tiles(tiles, [&](size_t i) {
    const Tile &tile = tiles[i];
    const Picture own = own_part(memory, slope, tile, info().scale);
    parts[i] = memory.make(lr.channels, tile.seen);
    tile_backward(run.engine, lr.crop(tile.seen), own.view, parts[i].view,
                  {key, tile.seen.x, tile.seen.y});
  });
  gather(memory, parts, tiles, 1, gradient);
}

double TiledNetwork::pass(const Run &run, ConstPlane lr, uint64_t key, const LocalLoss &loss,
                          Plane gradient) {
  const int s = info().scale;
  const Memory memory(run);
  const auto tiles = tiles_of(info(), run, lr.width, lr.height);
  std::vector<Picture> parts(tiles.size());
  std::vector<double> values(tiles.size());
  memory.for_tiles(tiles, [&](size_t i) {
    const Tile &tile = tiles[i];
    parts[i] = memory.make(lr.channels, tile.seen);
    const Rect window = tile.core.scaled(s);
    values[i] = tile_pass(
        lr.crop(tile.seen), tile.core.relative_to(tile.seen).scaled(s),
        [&](const Rect &, ConstPlane shown, Plane slope) { return loss(window, shown, slope); },
        parts[i].view, {key, tile.seen.x, tile.seen.y});
  });
  gather(memory, parts, tiles, 1, gradient);
  double value = 0;
  for (const double v : values) value += v;
  return value;
}

void TiledNetwork::downscale(const Run &run, ConstPlane hr, Plane lr) {
  const Memory memory(run);
  const auto tiles = tiles_of(info(), run, lr.width, lr.height);
  memory.for_tiles(tiles, [&](size_t i) {
    const Tile &tile = tiles[i];
    const Picture result = memory.make(lr.channels, tile.seen);
    tile_downscale(run.engine, hr.crop(tile.seen.scaled(info().scale)), result.view);
    memory.copy(result.view.crop(tile.core.relative_to(tile.seen)), lr.crop(tile.core));
  });
}

void TiledNetwork::downscale_backward(const Run &run, ConstPlane hr, ConstPlane v, Plane gradient) {
  const int s = info().scale;
  const Memory memory(run);
  const auto tiles = tiles_of(info(), run, v.width, v.height);
  std::vector<Picture> parts(tiles.size());
  memory.for_tiles(tiles, [&](size_t i) {
    const Tile &tile = tiles[i];
    const Picture own = own_part(memory, v, tile, 1);
    parts[i] = memory.make(hr.channels, tile.seen.scaled(s));
    tile_downscale_backward(run.engine, hr.crop(tile.seen.scaled(s)), own.view, parts[i].view);
  });
  gather(memory, parts, tiles, s, gradient);
}

}  // namespace hcd::client
