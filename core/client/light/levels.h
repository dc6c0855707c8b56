// SPDX-License-Identifier: BSD-2-Clause
// What both ways through a light network share: its layers, rows of its levels, and the tape.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/buffer.h"
#include "base/view.h"
#include "client/client.h"
#include "client/light/conv.h"
#include "client/light/skip.h"
#include "engine/cpu/conv16_row.h"
#include "engine/cpu/row_ops.h"

namespace hcd::client {

// Everything that is read and never written while a network runs.
struct Layers {
  int scale = 2;
  int reach = 0;  // LR pixels that a row of the result looks up and down
  Skip skip;
  std::vector<float> slopes;  // of each layer's activation
  std::vector<Conv> forward,
      backward;                 // from what a layer gets to what it gives, and the other way
  std::vector<Conv16> integer;  // `forward` in whole numbers; empty: in float32

  int count() const { return static_cast<int>(forward.size()); }
  // Whether the derivative of a layer's activation depends on its result.
  bool bends(int layer) const { return slopes[static_cast<size_t>(layer)] != 1; }
};

// The last few rows of a rectangle, with pixels of zeros on both sides: a convolution's padding at
// the picture's border, and the zero gradient beyond what a window asks for.
template <typename Sample>
struct Ring {
  static constexpr int kBorder = 4;

  Rect rect;
  int pixel = 1;  // samples per pixel
  int rows = 1;
  int next = 0;  // the row that is made next
  Sample *data = nullptr;

  size_t row_size() const { return static_cast<size_t>(rect.width + 2 * kBorder) * pixel; }
  size_t size() const { return row_size() * static_cast<size_t>(rows); }
  // Pixel `x` (of the picture) of row y.
  Sample *at(int x, int y) const {
    return data + static_cast<size_t>(y % rows) * row_size() +
           static_cast<ptrdiff_t>(x - rect.x + kBorder) * pixel;
  }
};

// All that the way back needs to know of the way there: the sign of each value behind an activation
// that bends, one bit each. 8 channels of a pixel are a byte.
class Gates : public Tape {
 public:
  void resize(const Layers &layers, int width, int height) {
    width_ = width;
    levels_.resize(static_cast<size_t>(layers.count()));
    for (int layer = 0; layer < layers.count(); ++layer) {
      Level &level = levels_[static_cast<size_t>(layer)];
      level.pixel = (layers.forward[static_cast<size_t>(layer)].out_stride() + 7) / 8;
      level.bits.resize(layers.bends(layer) ? static_cast<size_t>(width) * height * level.pixel
                                            : 0);
    }
  }

  template <typename Sample>
  void keep(int layer, int x, int y, const Sample *values, int stride, int width) {
    Level &level = levels_[static_cast<size_t>(layer)];
    // A row at once where no byte is shared between pixels, which may be of two tiles.
    const int pixels = stride % 8 == 0 ? width : 1;
    for (int i = 0; i < width; i += pixels) {
      cpu::signs_of(values + i * stride, pixels * stride, level.bits.data() + at(level, x + i, y));
    }
  }
  // Values of the same signs as those that were kept.
  void read(int layer, int x, int y, float *values, int stride, int width) const {
    const Level &level = levels_[static_cast<size_t>(layer)];
    const int pixels = stride % 8 == 0 ? width : 1;
    for (int i = 0; i < width; i += pixels) {
      cpu::values_of(level.bits.data() + at(level, x + i, y), pixels * stride, values + i * stride);
    }
  }

 private:
  struct Level {
    int pixel = 1;  // bytes
    std::vector<uint8_t> bits;
  };
  size_t at(const Level &level, int x, int y) const {
    return (static_cast<size_t>(y) * width_ + x) * level.pixel;
  }

  int width_ = 0;
  std::vector<Level> levels_;
};

// Lays rings, as zeros, and other floats into `memory`, which grows where it must.
class Places {
 public:
  template <typename Sample>
  void ring(Ring<Sample> &ring) {
    ask(reinterpret_cast<void **>(&ring.data), ring.size() * sizeof(Sample), true);
  }
  void floats(float **to, size_t n) {
    ask(reinterpret_cast<void **>(to), n * sizeof(float), false);
  }
  void lay(Buffer &memory) {
    if (memory.size() * sizeof(float) < size_) memory = Buffer(size_ / sizeof(float));
    auto *base = reinterpret_cast<uint8_t *>(memory.data());
    for (const Place &place : places_) {
      *place.to = base + place.at;
      if (place.zeros) std::memset(base + place.at, 0, place.size);
    }
  }

 private:
  struct Place {
    void **to;
    size_t at, size;
    bool zeros;
  };
  void ask(void **to, size_t size, bool zeros) {
    places_.push_back({to, size_, size, zeros});
    size_ += (size + 63) / 64 * 64;
  }

  std::vector<Place> places_;
  size_t size_ = 0;
};

// The rows of `from` that row y of `to` reads, from the first pixel that its first one reads.
template <typename From, typename To>
std::array<const From *, 5> rows_for(int kernel, const Ring<From> &from, const Ring<To> &to,
                                     int y) {
  std::array<const From *, 5> rows{};
  const int padding = kernel / 2;
  for (int k = 0; k < kernel; ++k) {
    const int source = y - padding + k;
    const bool is_there = source >= from.rect.y && source < from.rect.bottom();
    rows[static_cast<size_t>(k)] = is_there ? from.at(to.rect.x - padding, source) : nullptr;
  }
  return rows;
}

}  // namespace hcd::client
