// SPDX-License-Identifier: BSD-2-Clause
// Kernels of light networks (client/light/spec.h): one for each layer and way.
//
// Layout. A level of the network, what a layer gives, is planar: [channels][height][stride], rows
// padded to whole lines of 128 bytes, so that the 32 pixels of a warp are one line for each
// channel. The tape of a layer is a byte for 8 channels of a pixel, [ceil(channels /
// 8)][height][stride]: bit c % 8 of byte c / 8 is set where channel c is above 0.
//
// Arithmetic. A pixel's sum begins with the bias; then come the channels in turn, each with its
// taps column by column: the same order wherever a pixel lies, on every GPU. Zeros beyond the
// border.
#pragma once

#include "engine/cuda/kernels/kernel.h"

namespace hcd::cuda {

inline constexpr int kConvTile = 32;   // side of the square of pixels of a block
inline constexpr int kConvRows = 8;    // pixels of a thread, one above the other
inline constexpr int kConvStrips = 4;  // kConvTile / kConvRows
// A block has kConvTile x kConvStrips x groups threads; each gives `O` channels, which is the
// number at the end of a kernel's name, of its pixels. At most two groups.
inline constexpr int kMostGroups = 2;
inline constexpr int kSkipBlock = 256;  // threads of hcd_skip_adjoint, for kSkipRows rows of
inline constexpr int kSkipRows = 8;     // kConvTile pixels

template <typename T>
struct LevelOf {
  T *data;
  int32_t stride;  // samples from row to row; a channel has fewer than 2^31 of them
  int64_t plane;   // samples from channel to channel
};

// The linear part, client/light/skip.h.
struct SkipTaps {
  int32_t scale, reach;
  int32_t first[4];
  float weights[4][8];
};

// Weights: [in][column of taps][row of taps][groups of the whole grid][max(O, 4)], 0 where there is
// no channel; biases: [groups][max(O, 4)]. grid.z counts blocks of groups.
template <typename T>
struct ConvWeights {
  const T *taps, *bias;
  int32_t in, out;  // channels
};

// From a level to the next one. Of the first layer in.data is nullptr, and lr comes. Of the last
// one out.data is nullptr, and the picture goes: the layer's channels are the pixels of a block,
// and the skip comes in addition.
struct ForwardConv {
  int32_t width, height;
  LevelOf<const float> in;
  ConvWeights<float> weights;
  float slope;  // of the activation a(v) = v > 0 ? v : slope v
  LevelOf<float> out;
  uint8_t *tape;  // of this layer; nullptr: none is kept
  int32_t tape_stride;
  ConstDevicePlane lr;
  DevicePlane hr;
  SkipTaps skip;
  uint32_t *fault;  // gets 1 where a value of the picture is not finite
};

// The same in whole numbers, client/light/integer.h; in lr a code value is `input` of them.
struct IntegerConv {
  int32_t width, height;
  LevelOf<const int16_t> in;
  float input;
  ConvWeights<int32_t> weights;
  int32_t shift;
  float leak, unit;
  LevelOf<int16_t> out;
  uint8_t *tape;
  int32_t tape_stride;
  ConstDevicePlane lr;
  DevicePlane hr;
  SkipTaps skip;
  uint32_t *fault;
};

// From the gradient of what a layer gave, before its activation, to that of what it got, times the
// derivative of the activation there. Of the last layer in.data is nullptr, and the slopes of the
// picture's pixels come; of the first one out.data is, and the sum is added to `gradient`.
struct BackwardConv {
  int32_t width, height;
  LevelOf<const float> in;
  ConvWeights<float> weights;
  LevelOf<float> out;
  const uint8_t *tape;  // of the level that this leads to; nullptr: its activation does not bend
  float leak;
  int32_t tape_stride;
  ConstDevicePlane slope;
  int32_t scale;
  const uint8_t *slope_tape;  // of the last layer, as above
  float slope_leak;
  DevicePlane gradient;
  uint32_t *fault;  // gets 1 where the gradient is not finite
};

}  // namespace hcd::cuda

HCD_KERNEL hcd_forward_1x8(hcd::cuda::ForwardConv task);
HCD_KERNEL hcd_forward_3x4(hcd::cuda::ForwardConv task);
HCD_KERNEL hcd_forward_3x8(hcd::cuda::ForwardConv task);
HCD_KERNEL hcd_forward_5x8(hcd::cuda::ForwardConv task);
HCD_KERNEL hcd_integer_1x8(hcd::cuda::IntegerConv task);
HCD_KERNEL hcd_integer_3x4(hcd::cuda::IntegerConv task);
HCD_KERNEL hcd_integer_3x8(hcd::cuda::IntegerConv task);
HCD_KERNEL hcd_integer_5x8(hcd::cuda::IntegerConv task);
HCD_KERNEL hcd_backward_1x8(hcd::cuda::BackwardConv task);
HCD_KERNEL hcd_backward_3x1(hcd::cuda::BackwardConv task);
HCD_KERNEL hcd_backward_3x8(hcd::cuda::BackwardConv task);
HCD_KERNEL hcd_backward_5x8(hcd::cuda::BackwardConv task);
// gradient = adjoint of the skip at `slope`. Blocks of kSkipBlock threads; grid: tiles of kConvTile
// x kSkipRows pixels.
HCD_KERNEL hcd_skip_adjoint(hcd::cuda::ConstDevicePlane slope, hcd::cuda::SkipTaps skip,
                            hcd::cuda::DevicePlane gradient);

#define HCD_LIGHT_KERNELS(X) \
  X(hcd_forward_1x8)         \
  X(hcd_forward_3x4)         \
  X(hcd_forward_3x8)         \
  X(hcd_forward_5x8)         \
  X(hcd_integer_1x8)         \
  X(hcd_integer_3x4)         \
  X(hcd_integer_3x8)         \
  X(hcd_integer_5x8)         \
  X(hcd_backward_1x8)        \
  X(hcd_backward_3x1) X(hcd_backward_3x8) X(hcd_backward_5x8) X(hcd_skip_adjoint)
