// SPDX-License-Identifier: BSD-2-Clause
// Memory of samples.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "base/error.h"

namespace hcd {

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

}  // namespace hcd
