// SPDX-License-Identifier: BSD-2-Clause
// Convolutions of light networks in float32 and in whole numbers of 16 bits, row by row, pixels
// side by side with their channels together. A pixel's sum has the same order wherever it lies in a
// row, a tile or a picture.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hcd::client {

// A convolution k x k with zero padding, its weights in the order in which they are read.
class Conv {
 public:
  Conv() = default;
  // `weights`: [out][in][k][k]; `bias`: [out]. A pixel of its input takes `in_stride` >= in floats,
  // of which those behind `in` do not count. With `dense` a pixel of its output takes out_stride()
  // = out floats where that can be done fast, else always out rounded up to a multiple of 8, the
  // rest zeros.
  Conv(int kernel, int in, int out, int in_stride, bool dense, std::span<const float> weights,
       std::span<const float> bias);

  int kernel() const { return kernel_; }
  int padding() const { return kernel_ / 2; }
  int out_stride() const { return out_stride_; }

  // `width` pixels of a row. `rows`: kernel() pointers to pixel -padding() of the rows from
  // -padding() on, each with width + 2 padding() pixels, nullptr for rows of zeros. `out` receives
  // a(sum) with a(v) = v > 0 ? v : slope * v; with `gate`, a row like `out` (of a convolution that
  // is not dense), sum * (gate > 0 ? 1 : slope): the derivative of a where its result was `gate`.
  void row(const float *const *rows, int width, float slope, const float *gate, float *out) const;

 private:
  int kernel_ = 1, in_stride_ = 1, out_stride_ = 8;
  bool narrow_ = false;
  std::vector<float> weights_, bias_;
};

// The same of whole numbers: see cpu::Conv16Row, which says what becomes of a sum. No weights and
// bias may lead out of 32 bits.
class Conv16 {
 public:
  struct Sum {
    int shift = 0;   // of values that come out, and
    float leak = 0;  // their activation; or
    float unit = 0;  // of floats, where it is not 0
  };

  Conv16(int kernel, int in, int out, int in_stride, std::span<const int16_t> weights,
         std::span<const int32_t> bias, const Sum &sum);

  int kernel() const { return kernel_; }
  int padding() const { return kernel_ / 2; }
  int out_stride() const { return out_stride_; }

  // As Conv::row(). To `out` where the sum has no unit, else to `values`.
  void row(const int16_t *const *rows, int width, int16_t *out, float *values) const;

 private:
  int kernel_, in_stride_, steps_, out_stride_;
  bool narrow_;
  Sum sum_;
  std::vector<int16_t> weights_;
  std::vector<int32_t> bias_;
};

}  // namespace hcd::client
