// SPDX-License-Identifier: BSD-2-Clause
#include "client/light/conv.h"

#include <utility>

#include "engine/cpu/conv16_row.h"
#include "engine/cpu/conv_row.h"

namespace hcd::client {
namespace {

constexpr int kLanes = cpu::kConvLanes;

int round_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

// Where the weight of output `o` for a step of a row of taps lies. Wide: blocks of 16 channels,
// then one of 8; narrow: blocks of 8 steps. Of whole numbers, `pair` = 2 lie side by side.
struct Layout {
  int kernel, steps, out_stride, pair;
  bool narrow;

  size_t at(int o, int y, int step) const {
    if (narrow) {
      const int block = kLanes * pair;
      return static_cast<size_t>(y * steps * out_stride + step / block * block * out_stride +
                                 o * block + step % block);
    }
    const int first = o / (2 * kLanes) * (2 * kLanes);
    const int group = first + 2 * kLanes <= out_stride ? 2 * kLanes : kLanes;
    return static_cast<size_t>(kernel * steps * first + (y * steps + step / pair * pair) * group +
                               (o - first) * pair + step % pair);
  }
  size_t size() const { return static_cast<size_t>(kernel) * steps * out_stride; }
};

// `weights`, [out][in][k][k], in the order in which they are read; others are 0.
template <typename T>
std::vector<T> arranged(const Layout &layout, int in, int out, int in_stride,
                        std::span<const T> weights) {
  const int kernel = layout.kernel;
  std::vector<T> result(layout.size());
  for (int o = 0; o < out; ++o) {
    for (int c = 0; c < in; ++c) {
      for (int y = 0; y < kernel; ++y) {
        for (int x = 0; x < kernel; ++x) {
          const int from = ((o * in + c) * kernel + y) * kernel + x;
          result[layout.at(o, y, x * in_stride + c)] = weights[static_cast<size_t>(from)];
        }
      }
    }
  }
  return result;
}

template <typename T>
std::vector<T> padded(std::span<const T> values, int n) {
  std::vector<T> result(values.begin(), values.end());
  result.resize(static_cast<size_t>(n));
  return result;
}

}  // namespace

Conv::Conv(int kernel, int in, int out, int in_stride, bool dense, std::span<const float> weights,
           std::span<const float> bias)
    : kernel_(kernel),
      in_stride_(in_stride),
      narrow_(dense && (out == 1 || out == 4) && in_stride % kLanes == 0) {
  const int lanes = round_up(out, kLanes);
  out_stride_ = narrow_ ? out : lanes;
  bias_ = padded(bias, lanes);
  weights_ =
      arranged({kernel, kernel * in_stride, out_stride_, 1, narrow_}, in, out, in_stride, weights);
}

void Conv::row(const float *const *rows, int width, float slope, const float *gate,
               float *out) const {
  const cpu::ConvRow row{rows,  kernel_, kernel_ * in_stride_, in_stride_,   out_stride_,
                         width, slope,   weights_.data(),      bias_.data(), gate,
                         out};
  narrow_ ? cpu::convolve_narrow(row) : cpu::convolve_wide(row);
}

Conv16::Conv16(int kernel, int in, int out, int in_stride, std::span<const int16_t> weights,
               std::span<const int32_t> bias, const Sum &sum)
    : kernel_(kernel),
      in_stride_(in_stride),
      steps_(round_up(kernel * in_stride, 2)),
      narrow_(sum.unit != 0 && (out == 1 || out == 4) && in_stride % (2 * kLanes) == 0),
      sum_(sum) {
  const int lanes = round_up(out, kLanes);
  out_stride_ = narrow_ ? out : lanes;
  bias_ = padded(bias, narrow_ ? out * kLanes : lanes);
  for (int o = out - 1; narrow_ && o > 0; --o) {  // the first of eight
    std::swap(bias_[static_cast<size_t>(o)], bias_[static_cast<size_t>(o) * kLanes]);
  }
  weights_ = arranged({kernel, steps_, out_stride_, 2, narrow_}, in, out, in_stride, weights);
}

void Conv16::row(const int16_t *const *rows, int width, int16_t *out, float *values) const {
  const cpu::Conv16Row row{rows,
                           kernel_,
                           steps_,
                           in_stride_,
                           out_stride_,
                           width,
                           weights_.data(),
                           bias_.data(),
                           sum_.shift,
                           sum_.leak,
                           sum_.unit == 0 ? out : nullptr,
                           values,
                           sum_.unit};
  narrow_ ? cpu::convolve_narrow(row) : cpu::convolve_wide(row);
}

}  // namespace hcd::client
