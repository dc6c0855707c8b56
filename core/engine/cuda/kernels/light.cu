// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/kernels/light.h"

#include "engine/cuda/kernels/conv.cuh"
#include "engine/cuda/kernels/skip.cuh"

namespace hcd::cuda {

__device__ __forceinline__ bool is_finite(float v) { return v - v == 0; }

// ---- samples that come: see Conv::run() ----

struct FloatSource {
  LevelOf<const float> level;
  int width, height;
  const ConstDevicePlane &picture;

  __device__ explicit FloatSource(const ForwardConv &task)
      : level(task.in), width(task.width), height(task.height), picture(task.lr) {}

  __device__ __forceinline__ void bring(int, int y, int x, float *to) const {
    const bool there = x >= 0 && y >= 0 && x < width && y < height;
    copy_async<4>(picture.data + y * picture.stride + x, there, to);
  }
};

// The picture in whole numbers.
struct IntegerSource {
  LevelOf<const int16_t> level;
  int width, height;
  const IntegerConv &task;

  __device__ explicit IntegerSource(const IntegerConv &given)
      : level(given.in), width(given.width), height(given.height), task(given) {}

  __device__ __forceinline__ void bring(int, int y, int x, int16_t *to) const {
    *to = 0;
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const float value = __fmul_rn(task.lr.data[y * task.lr.stride + x], task.input);
    const float above = -32768.0F < value ? value : -32768.0F;  // NaN is -32768
    *to = static_cast<int16_t>(__float2int_rn(above < 32767.0F ? above : 32767.0F));
  }
};

// The slopes of the picture as blocks, before the last activation.
struct SlopeSource {
  LevelOf<const float> level;
  int width, height;
  const BackwardConv &task;

  __device__ explicit SlopeSource(const BackwardConv &given)
      : level(given.in), width(given.width), height(given.height), task(given) {}

  __device__ __forceinline__ void bring(int channel, int y, int x, float *to) const {
    const bool there = x >= 0 && y >= 0 && x < width && y < height;
    const int dy = channel / task.scale, dx = channel % task.scale;
    const float *from =
        task.slope.data + (y * task.scale + dy) * task.slope.stride + x * task.scale + dx;
    if (!task.slope_tape || !there) {
      copy_async<4>(from, there, to);
      return;
    }
    const uint8_t *bits =
        task.slope_tape + static_cast<int64_t>(channel / 8) * height * task.tape_stride;
    const bool open = bits[y * task.tape_stride + x] >> channel % 8 & 1;
    *to = open ? *from : __fmul_rn(task.slope_leak, *from);
  }
};

// ---- sums that go ----

// A thread's pixels and channels in the picture.
template <int O>
struct Mine {
  int x, y, width, height, first, out;

  template <typename Thread, typename Task>
  __device__ Mine(const Thread &thread, const Task &task)
      : x(static_cast<int>(blockIdx.x) * kConvTile + thread.lane),
        y(static_cast<int>(blockIdx.y) * kConvTile + thread.strip * kConvRows),
        width(task.width),
        height(task.height),
        first((static_cast<int>(blockIdx.z * blockDim.z) + thread.group) * O),
        out(task.weights.out) {}

  // What of a tape belongs to pixel r.
  template <typename Byte>
  __device__ __forceinline__ Byte *byte(Byte *tape, int64_t stride, int r) const {
    return tape + (static_cast<int64_t>(first / 8) * height + y + r) * stride + x;
  }
  __device__ __forceinline__ bool has(int r) const {
    return x < width && y + r < height && first < out;
  }
};

template <int O, typename Value>
__device__ __forceinline__ void keep_signs(const Mine<O> &mine, const Value (&values)[kConvRows][O],
                                           uint8_t *tape, int64_t stride) {
#pragma unroll
  for (int r = 0; r < kConvRows; ++r) {
    unsigned bits = 0;
#pragma unroll
    for (int o = 0; o < O; ++o) {
      if (values[r][o] > 0) bits |= 1U << o;
    }
    if (mine.has(r)) *mine.byte(tape, stride, r) = static_cast<uint8_t>(bits);
  }
}

template <int O, typename Sample, typename Value>
__device__ __forceinline__ void write_level(const Mine<O> &mine,
                                            const Value (&values)[kConvRows][O],
                                            const LevelOf<Sample> &level) {
  Sample *to = level.data + mine.first * level.plane + mine.y * level.stride + mine.x;
#pragma unroll
  for (int r = 0; r < kConvRows; ++r) {
#pragma unroll
    for (int o = 0; o < O; ++o) {
      if (mine.has(r) && mine.first + o < mine.out) {
        to[o * level.plane + r * level.stride] = static_cast<Sample>(values[r][o]);
      }
    }
  }
}

// The last layer's blocks and the skip, strip by strip: through `rows`, in shared memory, so that
// rows of the picture are written by whole warps.
template <int O, typename Thread, typename Task>
__device__ __forceinline__ void write_picture(const Thread &thread, const Task &task, int groups,
                                              const float (&values)[kConvRows][O],
                                              float (*rows)[kConvTile * 4]) {
  const int scale = task.skip.scale, x0 = static_cast<int>(blockIdx.x) * kConvTile;
  const int width = smaller(kConvTile, task.width - x0) * scale;
  bool finite = true;
#pragma unroll 1
  for (int strip = 0; strip < kConvStrips; ++strip) {
    const int y0 = static_cast<int>(blockIdx.y) * kConvTile + strip * kConvRows;
    const int height = smaller(kConvRows, task.height - y0) * scale;
    if (thread.strip == strip) {
#pragma unroll
      for (int o = 0; o < O; ++o) {
        const int channel = thread.group * O + o, dy = channel / scale, dx = channel % scale;
        if (dy >= scale) continue;
#pragma unroll
        for (int r = 0; r < kConvRows; ++r) {
          rows[r * scale + dy][thread.lane * scale + dx] = values[r][o];
        }
      }
    }
    __syncthreads();
    for (int row = thread.warp; row < height; row += groups * kConvStrips) {
      const int y = y0 + row / scale, dy = row % scale;
      float *to = task.hr.data + (y0 * scale + row) * task.hr.stride + x0 * scale;
      for (int column = thread.lane; column < width; column += kConvTile) {
        const float value = rows[row][column] +
                            skip_at(task.lr, task.skip, x0 + column / scale, column % scale, y, dy);
        finite = finite && is_finite(value);
        to[column] = value;
      }
    }
    __syncthreads();
  }
  if (!finite) *task.fault = 1;
}

// ---- the three ways ----

template <int K, int O>
__device__ __forceinline__ void forward(const ForwardConv &task) {
  using Tile = Conv<K, O, float, float>;
  HCD_SHARED(memory, typename Tile::Memory);
  const typename Tile::Thread thread;
  const int groups = static_cast<int>(blockDim.z);
  float values[kConvRows][O];
  Tile::run(thread, memory, groups, task.weights, FloatSource(task), values);
#pragma unroll
  for (int r = 0; r < kConvRows; ++r) {
#pragma unroll
    for (int o = 0; o < O; ++o) {
      values[r][o] = values[r][o] > 0 ? values[r][o] : __fmul_rn(task.slope, values[r][o]);
    }
  }
  const Mine<O> mine(thread, task);
  if (task.tape) keep_signs(mine, values, task.tape, task.tape_stride);
  if (task.out.data) {
    write_level(mine, values, task.out);
  } else {
    write_picture(thread, task, groups, values, memory.rows);
  }
}

template <int K, int O>
__device__ __forceinline__ void integer(const IntegerConv &task) {
  using Tile = Conv<K, O, int16_t, int32_t>;
  HCD_SHARED(memory, typename Tile::Memory);
  const typename Tile::Thread thread;
  const int groups = static_cast<int>(blockDim.z);
  int32_t sums[kConvRows][O];
  Tile::run(thread, memory, groups, task.weights, IntegerSource(task), sums);
  const Mine<O> mine(thread, task);
  if (!task.out.data) {
    float values[kConvRows][O];
#pragma unroll
    for (int r = 0; r < kConvRows; ++r) {
#pragma unroll
      for (int o = 0; o < O; ++o) {
        values[r][o] = __fmul_rn(static_cast<float>(sums[r][o]), task.unit);
      }
    }
    write_picture(thread, task, groups, values, memory.rows);
    return;
  }
#pragma unroll
  for (int r = 0; r < kConvRows; ++r) {
#pragma unroll
    for (int o = 0; o < O; ++o) {
      const int32_t value = sums[r][o] >> task.shift;
      const int32_t leaked = __float2int_rn(__fmul_rn(static_cast<float>(value), task.leak));
      sums[r][o] = larger(-32768, smaller(value > 0 ? value : leaked, 32767));
    }
  }
  if (task.tape) keep_signs(mine, sums, task.tape, task.tape_stride);
  write_level(mine, sums, task.out);
}

template <int K, int O>
__device__ __forceinline__ void backward(const BackwardConv &task) {
  using Tile = Conv<K, O, float, float>;
  HCD_SHARED(memory, typename Tile::Memory);
  const typename Tile::Thread thread;
  float values[kConvRows][O];
  Tile::run(thread, memory, static_cast<int>(blockDim.z), task.weights, SlopeSource(task), values);
  const Mine<O> mine(thread, task);
  if (task.out.data) {
    if (task.tape) {
#pragma unroll
      for (int r = 0; r < kConvRows; ++r) {
        const unsigned bits = mine.has(r) ? *mine.byte(task.tape, task.tape_stride, r) : 0U;
#pragma unroll
        for (int o = 0; o < O; ++o) {
          if (!(bits >> o & 1)) values[r][o] = __fmul_rn(task.leak, values[r][o]);
        }
      }
    }
    write_level(mine, values, task.out);
    return;
  }
  // To the picture's one channel.
  bool finite = true;
  float *to = task.gradient.data + mine.y * task.gradient.stride + mine.x;
#pragma unroll
  for (int r = 0; r < kConvRows; ++r) {
    if (!mine.has(r)) continue;
    const float value = to[r * task.gradient.stride] + values[r][0];
    finite = finite && is_finite(value);
    to[r * task.gradient.stride] = value;
  }
  if (!finite) *task.fault = 1;
}

}  // namespace hcd::cuda

// Two blocks of 256 threads on a multiprocessor: 128 registers a thread.
#define HCD_LIGHT_KERNEL(way, Task, K, O)              \
  extern "C" __global__ void __launch_bounds__(256, 2) \
      hcd_##way##_##K##x##O(hcd::cuda::Task task) {    \
    hcd::cuda::way<K, O>(task);                        \
  }
HCD_LIGHT_KERNEL(forward, ForwardConv, 1, 8)
HCD_LIGHT_KERNEL(forward, ForwardConv, 3, 4)
HCD_LIGHT_KERNEL(forward, ForwardConv, 3, 8)
HCD_LIGHT_KERNEL(forward, ForwardConv, 5, 8)
HCD_LIGHT_KERNEL(integer, IntegerConv, 1, 8)
HCD_LIGHT_KERNEL(integer, IntegerConv, 3, 4)
HCD_LIGHT_KERNEL(integer, IntegerConv, 3, 8)
HCD_LIGHT_KERNEL(integer, IntegerConv, 5, 8)
HCD_LIGHT_KERNEL(backward, BackwardConv, 1, 8)
HCD_LIGHT_KERNEL(backward, BackwardConv, 3, 1)
HCD_LIGHT_KERNEL(backward, BackwardConv, 3, 8)
HCD_LIGHT_KERNEL(backward, BackwardConv, 5, 8)
