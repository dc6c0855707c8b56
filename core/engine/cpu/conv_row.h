// SPDX-License-Identifier: BSD-2-Clause
// One row of a convolution, its pixels side by side with their channels together.
#pragma once

namespace hcd::cpu {

inline constexpr int kConvLanes = 8;  // channels of a group

struct ConvRow {
  const float *const *rows;  // [kernel], each the first tap of the first pixel; nullptr: zeros
  int kernel, steps;         // rows of taps; floats of a row's taps: kernel * pixel
  int pixel, out_pixel;      // floats from pixel to pixel
  int width;
  float slope;  // of the activation a(v) = v > 0 ? v : slope * v
  const float *weights, *bias;
  const float *gate;  // a row like `out`: its signs take the place of the sums'; nullptr: none
  float *out;
};

// The lanes are the channels that come out, `out_pixel` a multiple of 8. Weights: for blocks of 16
// channels, then one of 8, [kernel][steps][channels].
void convolve_wide(const ConvRow &row);

// One channel comes out, or four: the lanes are the inputs' channels, `pixel` a multiple of 8.
// Weights: [kernel][steps / 8][channels][8]. No gate.
void convolve_narrow(const ConvRow &row);

}  // namespace hcd::cpu
