// SPDX-License-Identifier: BSD-2-Clause
// The way there through a light network.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "client/light/integer.h"
#include "client/light/levels.h"

namespace hcd::client {

// How a layer is applied: in float32,
class InFloat {
 public:
  using Sample = float;
  explicit InFloat(const Layers &layers) : layers_(layers) {}
  const Conv &layer(int i) const { return layers_.forward[static_cast<size_t>(i)]; }
  static void take(const float *in, int n, float *out) { std::copy_n(in, n, out); }
  template <typename To>
  void row(int i, const float *const *rows, int width, To *out) const {
    layer(i).row(rows, width, layers_.slopes[static_cast<size_t>(i)], nullptr, out);
  }

 private:
  const Layers &layers_;
};

// or in whole numbers.
class InInteger {
 public:
  using Sample = int16_t;
  explicit InInteger(const Layers &layers) : layers_(layers) {}
  const Conv16 &layer(int i) const { return layers_.integer[static_cast<size_t>(i)]; }
  static void take(const float *in, int n, int16_t *out) {
    cpu::to_int16(in, kIntegerInput, n, out);
  }
  void row(int i, const int16_t *const *rows, int width, int16_t *out) const {
    layer(i).row(rows, width, out, nullptr);
  }
  void row(int i, const int16_t *const *rows, int width, float *out) const {
    layer(i).row(rows, width, nullptr, out);
  }

 private:
  const Layers &layers_;
};

// The way there, rows on demand: each row of a level asks for those rows of the level below that it
// reads, so that a picture passes through all layers while its rows are in the cache, and memory
// grows with the width alone. Level 0 is the picture, level i what layer i - 1 gives; the last
// one's are floats.
template <typename Arithmetic>
class Forward {
 public:
  using Sample = typename Arithmetic::Sample;

  // `wanted`: the blocks of the result that are asked for, whose gates go to `gates`, if there are.
  Forward(const Layers &layers, ConstPlane lr, const Rect &wanted, Gates *gates, Buffer &memory)
      : layers_(layers), arithmetic_(layers), lr_(lr), wanted_(wanted), gates_(gates) {
    const int count = layers.count();
    rings_.resize(static_cast<size_t>(count));
    top_ = {wanted, arithmetic_.layer(count - 1).out_stride(), 1, wanted.y};
    Rect rect = wanted;
    for (int level = count - 1; level >= 0; --level) {
      const int padding = arithmetic_.layer(level).padding();
      rect = rect.grown(padding, lr.width, lr.height);
      ring(level) = {rect, level == 0 ? 1 : arithmetic_.layer(level - 1).out_stride(),
                     2 * padding + 1, rect.y};
    }
    const auto width = static_cast<size_t>(wanted.width);
    Places places;
    for (auto &each : rings_) places.ring(each);
    places.ring(top_);
    places.floats(&phases_, width * layers.scale);
    places.floats(&scratch_, width + 2 * layers.skip.reach());
    places.lay(memory);
  }

  // Where the largest magnitudes of what each layer gives are kept.
  void keep_ranges(std::vector<float> *ranges) { ranges_ = ranges; }

  // The rows of the blocks of row y, for each y in turn. False where a value is not finite.
  bool blocks(int y, Plane hr) {
    make_top(y);
    const int width = wanted_.width, scale = layers_.scale;
    bool finite = true;
    for (int dy = 0; dy < scale; ++dy) {
      layers_.skip.row(lr_, y, dy, wanted_.x, width, scratch_, phases_);
      float *out = hr.row(y * scale + dy) + wanted_.x * scale;
      cpu::join_phases(top_.at(wanted_.x, y) + dy * scale, top_.pixel, phases_, width, scale, out);
      finite = cpu::all_finite(out, width * scale) && finite;
    }
    return finite;
  }
  // Their gates alone.
  void blocks(int y) { make_top(y); }

 private:
  Ring<Sample> &ring(int level) { return rings_[static_cast<size_t>(level)]; }

  void make_top(int y) {
    const int last = layers_.count() - 1;
    const int padding = arithmetic_.layer(last).padding();
    make(last, std::min(y + padding + 1, ring(last).rect.bottom()));
    apply(last, top_, y);
  }

  // Rows of a level below the last up to `end`.
  void make(int level, int end) {
    Ring<Sample> &to = ring(level);
    for (int &next = to.next; next < end; ++next) {
      if (level == 0) {
        Arithmetic::take(lr_.row(next) + to.rect.x, to.rect.width, to.at(to.rect.x, next));
        continue;
      }
      const int padding = arithmetic_.layer(level - 1).padding();
      make(level - 1, std::min(next + padding + 1, ring(level - 1).rect.bottom()));
      apply(level - 1, to, next);
    }
  }

  template <typename To>
  void apply(int layer, const Ring<To> &to, int y) {
    const auto rows = rows_for(arithmetic_.layer(layer).kernel(), ring(layer), to, y);
    To *out = to.at(to.rect.x, y);
    arithmetic_.row(layer, rows.data(), to.rect.width, out);
    if (ranges_) {
      float &range = (*ranges_)[static_cast<size_t>(layer)];
      for (int i = 0; i < to.rect.width * to.pixel; ++i) {
        range = std::max(range, std::abs(static_cast<float>(out[i])));
      }
    }
    if (!gates_ || !layers_.bends(layer) || y < wanted_.y || y >= wanted_.bottom()) return;
    gates_->keep(layer, wanted_.x, y, to.at(wanted_.x, y), to.pixel, wanted_.width);
  }

  const Layers &layers_;
  Arithmetic arithmetic_;
  ConstPlane lr_;
  Rect wanted_;
  Gates *gates_;
  std::vector<float> *ranges_ = nullptr;
  std::vector<Ring<Sample>> rings_;  // of the levels but the last
  Ring<float> top_;
  float *phases_ = nullptr, *scratch_ = nullptr;
};

}  // namespace hcd::client
