// SPDX-License-Identifier: BSD-2-Clause
// Pictures as planes of floats.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "base/error.h"

namespace hcd::image {

// Uninitialised memory of `n` floats, aligned for vectors; throws HCD_E_MEMORY.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t n) : size_(n) {
    data_.reset(
        static_cast<float *>(std::aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64 + 64)));
    HCD_CHECK(data_, HCD_E_MEMORY,
              "out of memory: expected %zu MB for the planes of a frame, found less",
              n * sizeof(float) >> 20);
  }
  float *data() { return data_.get(); }
  const float *data() const { return data_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(float *p) const { std::free(p); }
  };
  std::unique_ptr<float, Free> data_;
  size_t size_ = 0;
};

// A rectangle of samples, rows one after another. Values are code values on the 8-bit scale
// whatever the depth: a 10-bit 512 is 128.0.
template <typename T>
struct PlaneOf {
  T *data = nullptr;
  int width = 0, height = 0;

  T *row(int y) const { return data + static_cast<ptrdiff_t>(y) * width; }
  size_t size() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
  operator PlaneOf<const T>() const { return {data, width, height}; }
};
using Plane = PlaneOf<float>;
using ConstPlane = PlaneOf<const float>;

}  // namespace hcd::image
