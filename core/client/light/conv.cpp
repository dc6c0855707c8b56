// SPDX-License-Identifier: BSD-2-Clause
#include "client/light/conv.h"

#include "engine/cpu/conv_row.h"

namespace hcd::client {
namespace {

constexpr int kLanes = cpu::kConvLanes;

}  // namespace

Conv::Conv(int kernel, int in, int out, int in_stride, bool dense, std::span<const float> weights,
           std::span<const float> bias)
    : kernel_(kernel),
      in_stride_(in_stride),
      narrow_(dense && (out == 1 || out == 4) && in_stride % kLanes == 0) {
  const int padded = (out + kLanes - 1) / kLanes * kLanes;
  out_stride_ = narrow_ ? out : padded;
  const int steps = kernel * in_stride;
  bias_.assign(static_cast<size_t>(padded), 0.0F);
  weights_.assign(static_cast<size_t>(kernel) * steps * out_stride_, 0.0F);
  for (int o = 0; o < out; ++o) {
    bias_[static_cast<size_t>(o)] = bias[static_cast<size_t>(o)];
    // Wide: blocks of 16 channels, then one of 8. Narrow: blocks of 8 steps.
    const int first = o / (2 * kLanes) * (2 * kLanes);
    const int group = first + 2 * kLanes <= padded ? 2 * kLanes : kLanes;
    for (int c = 0; c < in; ++c) {
      for (int y = 0; y < kernel; ++y) {
        for (int x = 0; x < kernel; ++x) {
          const int step = x * in_stride + c;  // within the row y of taps
          const int wide = kernel * steps * first + (y * steps + step) * group + o - first;
          const int narrow =
              y * steps * out + step / kLanes * kLanes * out + o * kLanes + step % kLanes;
          const int from = ((o * in + c) * kernel + y) * kernel + x;
          weights_[static_cast<size_t>(narrow_ ? narrow : wide)] =
              weights[static_cast<size_t>(from)];
        }
      }
    }
  }
}

void Conv::row(const float *const *rows, int width, float slope, const float *gate,
               float *out) const {
  const cpu::ConvRow row{rows,  kernel_, kernel_ * in_stride_, in_stride_,   out_stride_,
                         width, slope,   weights_.data(),      bias_.data(), gate,
                         out};
  narrow_ ? cpu::convolve_narrow(row) : cpu::convolve_wide(row);
}

}  // namespace hcd::client
