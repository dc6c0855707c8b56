// SPDX-License-Identifier: BSD-2-Clause
// The way back through a light network.
#pragma once

#include <algorithm>
#include <vector>

#include "client/light/levels.h"

namespace hcd::client {

// The way back: slopes of the result, through the gates, to the gradient of `part`. Rows on demand,
// as in Forward. A pixel's sum has the same order whatever the part.
class Backward {
 public:
  Backward(const Layers &layers, const Gates &gates, ConstPlane slope, const Rect &part,
           Buffer &memory)
      : layers_(layers), gates_(gates), slope_(slope), part_(part) {
    const int width = slope.width / layers.scale, height = slope.height / layers.scale;
    const auto levels = static_cast<size_t>(layers.count()) + 1;
    rings_.resize(levels);
    Rect rect = part;
    size_t widest = 0;
    for (size_t level = 0; level < levels; ++level) {
      const bool top = level + 1 == levels;
      rings_[level] = {rect,
                       top ? layers.scale * layers.scale : layers.backward[level].out_stride(),
                       level == 0 ? 1 : 2 * layers.backward[level - 1].padding() + 1, rect.y};
      if (!top) rect = rect.grown(layers.backward[level].padding(), width, height);
      widest = std::max(widest, static_cast<size_t>(rings_[level].rect.width) *
                                    ((static_cast<size_t>(rings_[level].pixel) + 7) / 8 * 8));
    }
    skipped_ = part.grown(layers.skip.reach(), width, height);
    // Columns beside them are written, too.
    const Rect wide = skipped_.grown(layers.skip.reach(), width, height);
    summed_ = {wide.x, skipped_.y, wide.width, skipped_.height};
    const auto columns = static_cast<size_t>(skipped_.width);
    float *sum = nullptr;
    Places places;
    for (auto &ring : rings_) places.ring(ring);
    places.floats(&gate_, widest);
    places.floats(&phases_, columns * layers.scale);
    places.floats(&scratch_, columns + 2 * layers.skip.reach());
    places.floats(&sum, static_cast<size_t>(summed_.width) * summed_.height);
    places.lay(memory);
    sum_ = {sum, summed_.width, summed_.height};
  }

  void run(Plane gradient) {
    skip_adjoint();
    const Ring<float> &ring = rings_[0];
    for (int y = part_.y; y < part_.bottom(); ++y) {
      make(0, y + 1);
      const float *from = ring.at(part_.x, y),
                  *skip = sum_.row(y - summed_.y) + part_.x - summed_.x;
      float *to = gradient.row(y) + part_.x;
      for (int x = 0; x < part_.width; ++x) to[x] = skip[x] + from[x * ring.pixel];
    }
  }

 private:
  // Adds up what the skip pulls back to the part, and more around it, which is not whole.
  void skip_adjoint() {
    const int scale = layers_.scale;
    std::fill_n(sum_.data, sum_.size(), 0.0F);
    // The picture, of which the sum is a part.
    const Plane picture{sum_.data - summed_.y * sum_.stride - summed_.x, slope_.width / scale,
                        slope_.height / scale, sum_.stride};
    for (int y = skipped_.y; y < skipped_.bottom(); ++y) {
      for (int dy = 0; dy < scale; ++dy) {
        const float *row = slope_.row(y * scale + dy) + static_cast<ptrdiff_t>(skipped_.x) * scale;
        for (int x = 0; x < skipped_.width; ++x) {
          for (int dx = 0; dx < scale; ++dx) phases_[dx * skipped_.width + x] = row[x * scale + dx];
        }
        layers_.skip.add_adjoint(phases_, y, dy, skipped_, scratch_, picture);
      }
    }
  }

  // Rows of a level's slopes, before its activation, up to `end`.
  void make(int level, int end) {
    Ring<float> &to = rings_[static_cast<size_t>(level)];
    for (int &next = to.next; next < end; ++next) {
      if (level == layers_.count()) {
        from_blocks(next, gate(level, next));
        continue;
      }
      const Conv &conv = layers_.backward[static_cast<size_t>(level)];
      const Ring<float> &from = rings_[static_cast<size_t>(level) + 1];
      make(level + 1, std::min(next + conv.padding() + 1, from.rect.bottom()));
      const float *open = gate(level, next);
      const auto rows = rows_for(conv.kernel(), from, to, next);
      conv.row(rows.data(), to.rect.width,
               open ? layers_.slopes[static_cast<size_t>(level) - 1] : 1, open,
               to.at(to.rect.x, next));
    }
  }

  // Signs of a level's row of values; nullptr where they do not matter.
  const float *gate(int level, int y) const {
    if (level == 0 || !layers_.bends(level - 1)) return nullptr;
    const Rect &rect = rings_[static_cast<size_t>(level)].rect;
    gates_.read(level - 1, rect.x, y, gate_,
                layers_.forward[static_cast<size_t>(level) - 1].out_stride(), rect.width);
    return gate_;
  }

  void from_blocks(int y, const float *gate) {
    const Ring<float> &top = rings_.back();
    const int scale = layers_.scale, stride = layers_.forward.back().out_stride();
    const float leak = layers_.slopes.back();
    for (int dy = 0; dy < scale; ++dy) {
      const float *row = slope_.row(y * scale + dy) + static_cast<ptrdiff_t>(top.rect.x) * scale;
      for (int x = 0; x < top.rect.width; ++x) {
        float *to = top.at(top.rect.x + x, y) + dy * scale;
        for (int dx = 0; dx < scale; ++dx) {
          const bool leaks = gate && !(gate[x * stride + dy * scale + dx] > 0);
          to[dx] = row[x * scale + dx] * (leaks ? leak : 1);
        }
      }
    }
  }

  const Layers &layers_;
  const Gates &gates_;
  ConstPlane slope_;
  Rect part_, skipped_, summed_;
  std::vector<Ring<float>> rings_;
  float *gate_ = nullptr, *phases_ = nullptr, *scratch_ = nullptr;
  Plane sum_;
};

}  // namespace hcd::client
