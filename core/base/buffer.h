// SPDX-License-Identifier: BSD-2-Clause
// Memory of samples, of the host or of a device.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "base/error.h"

namespace hcd {

// Uninitialised memory of floats, freed by who made it.
class Buffer {
 public:
  using Free = std::function<void(float *)>;

  Buffer() = default;
  Buffer(float *data, size_t n, Free free) : data_(data, std::move(free)), size_(n) {}
  // Of the host, aligned for vectors; throws HCD_E_MEMORY.
  explicit Buffer(size_t n) : Buffer(allocate(n), n, [](float *p) { std::free(p); }) {}

  float *data() { return data_.get(); }
  const float *data() const { return data_.get(); }
  size_t size() const { return size_; }
  std::span<float> span() { return {data(), size_}; }
  std::span<const float> span() const { return {data(), size_}; }

 private:
  static float *allocate(size_t n) {
    auto *data =
        static_cast<float *>(std::aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64 + 64));
    HCD_CHECK(data, HCD_E_MEMORY,
              "out of memory: expected %zu MB for the planes of a frame, found less",
              n * sizeof(float) >> 20);
    return data;
  }

  std::unique_ptr<float, Free> data_;
  size_t size_ = 0;
};

}  // namespace hcd
