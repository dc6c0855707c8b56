// SPDX-License-Identifier: BSD-2-Clause
// Pictures of the test in an engine's memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/engine.h"
#include "support/picture.h"

namespace hcd::conformance {

using test::Picture;

// A copy of a picture, as it lies on the host.
class OnEngine {
 public:
  OnEngine(Engine &engine, const Picture &picture)
      : engine_(engine), host_(picture), memory_(engine.allocate(picture.samples().size())) {
    engine.copy(ConstVector(host_.samples()), memory_.span());
  }

  Plane view() {
    Plane view = host_.view();
    view.data = memory_.data();
    return view;
  }
  ConstPlane read() { return view(); }
  // What it has become.
  const Picture &result() {
    engine_.copy(ConstVector(memory_.span()), Vector(host_.samples()));
    EXPECT_TRUE(host_.gaps_untouched());
    return host_;
  }

 private:
  Engine &engine_;
  Picture host_;
  Buffer memory_;
};

// Long vectors likewise.
class VectorOnEngine {
 public:
  VectorOnEngine(Engine &engine, const std::vector<float> &values)
      : engine_(engine), memory_(engine.allocate(values.size())) {
    engine.copy(ConstVector(values), memory_.span());
  }

  Vector span() { return memory_.span(); }
  ConstVector read() { return memory_.span(); }
  std::vector<float> result() {
    std::vector<float> values(memory_.size());
    engine_.copy(ConstVector(memory_.span()), Vector(values));
    return values;
  }

 private:
  Engine &engine_;
  Buffer memory_;
};

// Sizes and gaps that planes are tried with: one sample, one row, one column, odd ones, more than a
// piece of work of an engine.
struct Size {
  int height, width, gap;
};
inline const std::vector<Size> kSizes = {{1, 1, 0},   {1, 1, 3},    {1, 37, 2},
                                         {29, 1, 3},  {2, 3, 0},    {17, 23, 5},
                                         {64, 48, 0}, {70, 300, 1}, {131, 33, 0}};

inline Picture noise(const Size &size, uint64_t seed, int channels = 1) {
  Picture picture(channels, size.height, size.width, size.gap);
  const Random random(seed);
  picture.fill([&](uint64_t i) { return 255 * random.uniform(i); });
  return picture;
}

inline std::string text(const Size &size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height) + ", gap " +
         std::to_string(size.gap);
}

}  // namespace hcd::conformance
