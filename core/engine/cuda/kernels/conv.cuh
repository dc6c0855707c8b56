// SPDX-License-Identifier: BSD-2-Clause
// A convolution of planes by tiles in shared memory, for any number of channels.
//
// A block gives 32 x 32 pixels of `O` or 2 O channels. Some channels of its input at a time, with a
// border of K / 2 pixels, and their weights go through shared memory, twice over: while the block
// computes with those the next ones come. A thread has kConvRows pixels of one column, times O
// channels, in registers. For K = 3 and O = 8 it reads 10 x 3 samples (the 32 of a warp lie side by
// side) and 72 weights (the same for the whole warp, four at a time) for 576 multiplications: less
// than what shared memory gives meanwhile.
#pragma once

#include "engine/cuda/kernels/async_copy.cuh"
#include "engine/cuda/kernels/light.h"
#include "engine/cuda/kernels/skip.cuh"

namespace hcd::cuda {

template <int K, int O, typename Sample, typename Sum>
struct Conv {
  static constexpr int kChannels = K == 5 ? 2 : 4;      // at a time
  static constexpr int kSide = kConvTile + K - 1;       // rows with their borders
  static constexpr int kEach = O < 4 ? 4 : O;           // weights of a tap and a group
  static constexpr int kFactors = kMostGroups * kEach;  // and of a tap
  static constexpr int kWindow = kConvRows + K - 1;
  // The tile's columns begin at 16 bytes of a row, as they do in a level.
  static constexpr int kPiece = 16 / static_cast<int>(sizeof(Sample));
  static constexpr int kLeft = K == 1 ? 0 : kPiece;
  static constexpr int kPitch = kConvTile + 2 * kLeft;

  struct Part {
    alignas(16) Sum weights[kChannels][K * K][kFactors];
    alignas(16) Sample samples[kChannels][kSide][kPitch];
  };
  // What a block has in shared memory. `rows`: for the way out, free when run() returns.
  union Memory {
    Part parts[2];
    float rows[kConvRows * 4][kConvTile * 4];
  };

  // A thread's place.
  struct Thread {
    int lane, strip, group, number, warp;
    __device__ Thread()
        : lane(threadIdx.x),
          strip(threadIdx.y),
          group(threadIdx.z),
          number((group * kConvStrips + strip) * kConvTile + lane),
          warp(group * kConvStrips + strip) {}
  };

  // sums[r][o]: of channel (blockIdx.z groups + group) O + o at the thread's pixel r. Of `source`:
  // width and height of the picture; `level`, or, where level.data is nullptr,
  // bring(channel, y, x, to) for a sample, 0 beyond the picture.
  template <typename Source>
  static __device__ __forceinline__ void run(const Thread &thread, Memory &memory, int groups,
                                             const ConvWeights<Sum> &weights, const Source &source,
                                             Sum (&sums)[kConvRows][O]) {
    const int each = groups * kEach;
    const int stride = static_cast<int>(gridDim.z) * each,
              begin = static_cast<int>(blockIdx.z) * each;
    const Sum *bias = weights.bias + begin + thread.group * kEach;
#pragma unroll
    for (int o = 0; o < O; ++o) {
      const Sum first = bias[o];
#pragma unroll
      for (int r = 0; r < kConvRows; ++r) sums[r][o] = first;
    }
    const Sum *taps = weights.taps + begin;
    bring(thread, memory.parts[0], groups, 0, weights.in, taps, stride, source);
    close_group();
    for (int channel = 0, i = 0; channel < weights.in; channel += kChannels, i ^= 1) {
      const int next = channel + kChannels;
      if (next < weights.in) {
        bring(thread, memory.parts[i ^ 1], groups, next, weights.in, taps, stride, source);
      }
      close_group();
      wait_for_all_but_last();
      __syncthreads();
      const int n = smaller(kChannels, weights.in - channel);
#pragma unroll 1
      for (int c = 0; c < n; ++c) {
        multiply(memory.parts[i].samples[c][thread.strip * kConvRows] + kLeft - K / 2 + thread.lane,
                 memory.parts[i].weights[c][0] + thread.group * kEach, sums);
      }
      __syncthreads();
    }
  }

 private:
  // The channels from `first` on, as many as there are and a part has.
  template <typename Source>
  static __device__ __forceinline__ void bring(const Thread &thread, Part &part, int groups,
                                               int first, int in, const Sum *taps, int stride,
                                               const Source &source) {
    const auto n = static_cast<unsigned>(smaller(kChannels, in - first)),
               threads = static_cast<unsigned>(groups * kConvStrips * kConvTile);
    const int x0 = static_cast<int>(blockIdx.x) * kConvTile,
              y0 = static_cast<int>(blockIdx.y) * kConvTile - K / 2;
    Sample *samples = &part.samples[0][0][kLeft];
    if (source.level.data) {
      const Sample *level = source.level.data + first * source.level.plane;
      // Pieces of 16 bytes,
      constexpr int kPieces = kConvTile / kPiece;
      for (unsigned i = thread.number; i < n * kSide * kPieces; i += threads) {
        copy<16>(source, level, i / kPieces, y0, x0, i % kPieces * kPiece, samples);
      }
      // then the words at their ends.
      if (K > 1) {
        constexpr int kWord = 4 / static_cast<int>(sizeof(Sample));
        constexpr int kWords = K > 1 ? (K / 2 + kWord - 1) / kWord : 1;
        for (unsigned i = thread.number; i < n * kSide * 2 * kWords; i += threads) {
          const auto word = static_cast<int>(i % (2 * kWords));
          const int x =
              word < kWords ? (word - kWords) * kWord : kConvTile + (word - kWords) * kWord;
          copy<4>(source, level, i / (2 * kWords), y0, x0, x, samples);
        }
      }
    } else {
      constexpr int kWidth = kConvTile + K - 1;
      for (unsigned i = thread.number; i < n * kSide * kWidth; i += threads) {
        const auto row = static_cast<int>(i / kWidth), x = static_cast<int>(i % kWidth) - K / 2;
        source.bring(first + row / kSide, y0 + row % kSide, x0 + x,
                     samples + static_cast<int>(row) * kPitch + x);
      }
    }
    constexpr int kFours = kFactors / 4;
    const int used = groups * kEach / 4;
    const Sum *from = taps + static_cast<int64_t>(first) * K * K * stride;
    Sum *to = &part.weights[0][0][0];
    for (unsigned i = thread.number; i < n * K * K * kFours; i += threads) {
      const auto tap = static_cast<int>(i / kFours), four = static_cast<int>(i % kFours);
      if (four < used) {
        copy_async<16>(from + tap * stride + four * 4, 4, to + tap * kFactors + four * 4);
      }
    }
  }

  // From column x of row `row`, counted through all channels of a part, on.
  template <int Bytes, typename Source>
  static __device__ __forceinline__ void copy(const Source &source, const Sample *level,
                                              unsigned row, int y0, int x0, int x,
                                              Sample *samples) {
    const unsigned channel = row / kSide;
    const int y = y0 + static_cast<int>(row % kSide);
    const bool there = y >= 0 && y < source.height && x0 + x >= 0;
    copy_async<Bytes>(level + channel * source.level.plane + (y * source.level.stride + x0 + x),
                      there ? source.width - x0 - x : 0,
                      samples + static_cast<int>(row) * kPitch + x);
  }

  // Adds a channel's products.
  static __device__ __forceinline__ void multiply(const Sample *samples, const Sum *weights,
                                                  Sum (&sums)[kConvRows][O]) {
#pragma unroll
    for (int kx = 0; kx < K; ++kx) {
      Sum column[kWindow];
#pragma unroll
      for (int r = 0; r < kWindow; ++r) column[r] = samples[r * kPitch + kx];
#pragma unroll
      for (int ky = 0; ky < K; ++ky) {
        Sum factors[O];
#pragma unroll
        for (int o = 0; o < O; ++o) factors[o] = weights[(kx * K + ky) * kFactors + o];
#pragma unroll
        for (int r = 0; r < kConvRows; ++r) {
#pragma unroll
          for (int o = 0; o < O; ++o) {
            sums[r][o] = multiply_add(column[r + ky], factors[o], sums[r][o]);
          }
        }
      }
    }
  }
  static __device__ __forceinline__ float multiply_add(float a, float b, float c) {
    return __fmaf_rn(a, b, c);
  }
  static __device__ __forceinline__ int32_t multiply_add(int32_t a, int32_t b, int32_t c) {
    return a * b + c;
  }
};

}  // namespace hcd::cuda
