// SPDX-License-Identifier: BSD-2-Clause
#include "client/light/conv.h"

#include <cstddef>

#include "engine/cpu/vector.h"

namespace hcd::client {
namespace {

// What the kernels below see of one row of one convolution.
struct Task {
  const float *const *rows;
  int kernel, steps;     // rows of taps; floats of a row's taps: kernel * pixel stride
  int pixel, out_pixel;  // strides
  int width;
  float slope;
  const float *weights, *bias, *gate;
  float *out;
};

[[gnu::always_inline]] inline void activate(Vec &v, float slope, const float *gate) {
  if (gate) {
    Vec g;
    load(g, gate);
    v = g > 0 ? v : slope * v;
  } else {
    v = v > 0 ? v : slope * v;
  }
}

// `Pixels` pixels from x on, `Vectors` vectors of channels from `channel` on. Twelve sums, the
// weights and one input fill the sixteen registers of AVX2.
template <int Pixels, int Vectors>
[[gnu::always_inline]] inline void wide_block(const Task &t, const float *weights, int channel,
                                              int x) {
  Vec sums[Pixels][Vectors];
#pragma GCC unroll 12
  for (int p = 0; p < Pixels; ++p) {
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) load(sums[p][v], t.bias + channel + v * kLanes);
  }
  for (int k = 0; k < t.kernel; ++k) {
    const float *in = t.rows[k];
    if (!in) {
      weights += static_cast<ptrdiff_t>(t.steps) * Vectors * kLanes;
      continue;
    }
    in += static_cast<ptrdiff_t>(x) * t.pixel;
    for (int i = 0; i < t.steps; ++i, ++in, weights += Vectors * kLanes) {
      Vec w[Vectors];
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) load(w[v], weights + v * kLanes);
#pragma GCC unroll 12
      for (int p = 0; p < Pixels; ++p) {
        const float value = in[p * t.pixel];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) sums[p][v] += value * w[v];
      }
    }
  }
#pragma GCC unroll 12
  for (int p = 0; p < Pixels; ++p) {
    const ptrdiff_t at = static_cast<ptrdiff_t>(x + p) * t.out_pixel + channel;
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) {
      activate(sums[p][v], t.slope, t.gate ? t.gate + at + v * kLanes : nullptr);
      store(t.out + at + v * kLanes, sums[p][v]);
    }
  }
}

template <int Pixels, int Vectors>
[[gnu::always_inline]] inline void wide_row(const Task &t, const float *weights, int channel) {
  int x = 0;
  for (; x + Pixels <= t.width; x += Pixels) {
    wide_block<Pixels, Vectors>(t, weights, channel, x);
  }
  if (x == t.width) return;
  if (t.width >= Pixels) {  // the last ones again, which gives the same
    wide_block<Pixels, Vectors>(t, weights, channel, t.width - Pixels);
  } else {
    for (; x < t.width; ++x) wide_block<1, Vectors>(t, weights, channel, x);
  }
}

HCD_MULTIARCH void run_wide(const Task &t) {
  const ptrdiff_t block = static_cast<ptrdiff_t>(t.kernel) * t.steps * kLanes;
  const float *weights = t.weights;
  int channel = 0;
  for (; channel + 2 * kLanes <= t.out_pixel; channel += 2 * kLanes, weights += 2 * block) {
    wide_row<6, 2>(t, weights, channel);
  }
  if (channel < t.out_pixel) wide_row<12, 1>(t, weights, channel);
}

// Few channels: the lanes run along the input's channels and are summed at the end. The weights of
// the channels follow each other for every eight inputs.
template <int Pixels, int Channels>
[[gnu::always_inline]] inline void narrow_block(const Task &t, int x) {
  Vec sums[Pixels][Channels] = {};
  const float *weights = t.weights;
  for (int k = 0; k < t.kernel; ++k) {
    const float *in = t.rows[k];
    if (!in) {
      weights += static_cast<ptrdiff_t>(t.steps) * Channels;
      continue;
    }
    in += static_cast<ptrdiff_t>(x) * t.pixel;
    for (int i = 0; i < t.steps; i += kLanes, in += kLanes, weights += Channels * kLanes) {
      Vec v[Pixels];
#pragma GCC unroll 8
      for (int p = 0; p < Pixels; ++p) load(v[p], in + p * t.pixel);
#pragma GCC unroll 4
      for (int c = 0; c < Channels; ++c) {
        Vec w;
        load(w, weights + c * kLanes);
#pragma GCC unroll 8
        for (int p = 0; p < Pixels; ++p) sums[p][c] += v[p] * w;
      }
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < Pixels; ++p) {
#pragma GCC unroll 4
    for (int c = 0; c < Channels; ++c) {
      const Vec &s = sums[p][c];
      const float sum =
          t.bias[c] + (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])));
      t.out[static_cast<ptrdiff_t>(x + p) * Channels + c] = sum > 0 ? sum : t.slope * sum;
    }
  }
}

template <int Pixels, int Channels>
[[gnu::always_inline]] inline void narrow_row(const Task &t) {
  int x = 0;
  for (; x + Pixels <= t.width; x += Pixels) narrow_block<Pixels, Channels>(t, x);
  for (; x < t.width; ++x) narrow_block<1, Channels>(t, x);
}

HCD_MULTIARCH void run_narrow(const Task &t) {
  if (t.out_pixel == 1) {
    narrow_row<8, 1>(t);
  } else {
    narrow_row<3, 4>(t);
  }
}

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
  const Task task{rows,  kernel_,         kernel_ * in_stride_, in_stride_, out_stride_, width,
                  slope, weights_.data(), bias_.data(),         gate,       out};
  narrow_ ? run_narrow(task) : run_wide(task);
}

}  // namespace hcd::client
