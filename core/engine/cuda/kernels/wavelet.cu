// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/kernels/wavelet.h"

#include "engine/cuda/kernels/planes.cuh"

namespace hcd::cuda {
namespace wavelet {

// Taps of the low pass; the high pass is its quadrature mirror.
constexpr float k0 = 0.482962913144690F, k1 = 0.836516303737469F, k2 = 0.224143868041857F,
                k3 = -0.129409522550921F;

// The sample that stands at position i of a mirrored axis of n.
__device__ int mirrored(int i, int n) {
  while (i < 0 || i >= n) {
    if (n == 1) return 0;
    i = i < 0 ? -i : 2 * (n - 1) - i;
  }
  return i;
}

__device__ __forceinline__ float weighed(float wa, float a, float wb, float b, float wc, float c,
                                         float wd, float d) {
  return __fmaf_rn(wd, d, __fmaf_rn(wc, c, __fmaf_rn(wa, a, wb * b)));
}
__device__ __forceinline__ float low_pass(float a, float b, float c, float d) {
  return weighed(k0, a, k1, b, k2, c, k3, d);
}
__device__ __forceinline__ float high_pass(float a, float b, float c, float d) {
  return weighed(k3, a, -k2, b, k1, c, -k0, d);
}

// What position p + 1 of the mirrored axis gets, where low(j) and high(j) are the derivatives by
// sample j of the two bands (zeros where there is none): samples j and j - 1 read there.
template <typename Low, typename High>
__device__ __forceinline__ float spread_to(int p, const Low &low, const High &high) {
  const int j = (p + 1) / 2;
  const float a = low(j), b = low(j - 1), c = high(j), d = high(j - 1);
  return p % 2 ? weighed(k0, a, k2, b, k3, c, k1, d) : weighed(k1, a, k3, b, -k2, c, -k0, d);
}

// What sample i of an axis of n gets, those positions included that mirror it.
template <typename Low, typename High>
__device__ __forceinline__ float gathered(int i, int n, const Low &low, const High &high) {
  float sum = spread_to(i, low, high);
  if (i > 1 && i < n - 3) return sum;
  for (int k = 0; k < 3; ++k) {
    const int beyond = k == 0 ? -1 : n - 1 + k;
    // An odd axis is read to position n + 1, an even one to n.
    if (beyond > 2 * ((n + 1) / 2) || mirrored(beyond, n) != i) continue;
    sum += spread_to(beyond, low, high);
  }
  return sum;
}

constexpr int kThreads = kWaveletColumns * kWaveletThreadRows;

}  // namespace wavelet
}  // namespace hcd::cuda

// Along columns from the picture into shared memory, then along rows from there.
HCD_KERNEL hcd_wavelet(hcd::cuda::ConstDevicePlane in, hcd::cuda::DevicePlane low,
                       hcd::cuda::DeviceDetails details, hcd::cuda::DeviceRect detailed) {
  using namespace hcd::cuda;
  using namespace hcd::cuda::wavelet;
  constexpr int kRead = 2 * kWaveletColumns + 2;
  // Even columns and odd ones apart, so that neighbours lie in banks of their own, reading and
  // writing.
  constexpr int kOdd = kWaveletColumns + 16;
  HCD_SHARED(lows, float[kWaveletRows][2 * kOdd]);
  HCD_SHARED(highs, float[kWaveletRows][2 * kOdd]);
  const int x0 = int(blockIdx.x) * kWaveletColumns, y0 = int(blockIdx.y) * kWaveletRows;
  for (int i = thread_of_block(); i < kWaveletRows * kRead; i += kThreads) {
    const int r = i / kRead, c = i % kRead, y = y0 + r;
    if (y >= low.height || c >= 2 * (low.width - x0) + 2) continue;
    const float *column = in.data + mirrored(2 * x0 - 1 + c, in.width);
    const float a = column[mirrored(2 * y - 1, in.height) * in.stride],
                b = column[mirrored(2 * y, in.height) * in.stride],
                d = column[mirrored(2 * y + 1, in.height) * in.stride],
                e = column[mirrored(2 * y + 2, in.height) * in.stride];
    const int to = c % 2 * kOdd + c / 2;
    lows[r][to] = low_pass(a, b, d, e);
    highs[r][to] = high_pass(a, b, d, e);
  }
  __syncthreads();
  const int c = int(threadIdx.x), x = x0 + c;
  for (int r = int(threadIdx.y); r < kWaveletRows; r += kWaveletThreadRows) {
    const int y = y0 + r;
    if (x >= low.width || y >= low.height) continue;
    const float *l = lows[r] + c, *h = highs[r] + c;
    row_of(low, y)[x] = low_pass(l[0], l[kOdd], l[1], l[kOdd + 1]);
    if (!inside(detailed, x, y)) continue;
    float *to = details.data + y * details.stride + x;
    to[0] = high_pass(l[0], l[kOdd], l[1], l[kOdd + 1]);
    to[details.plane] = low_pass(h[0], h[kOdd], h[1], h[kOdd + 1]);
    to[2 * details.plane] = high_pass(h[0], h[kOdd], h[1], h[kOdd + 1]);
  }
}

HCD_KERNEL hcd_wavelet_adjoint(hcd::cuda::ConstDevicePlane low, hcd::cuda::DeviceDetails details,
                               hcd::cuda::DeviceRect detailed, hcd::cuda::DevicePlane out) {
  using namespace hcd::cuda;
  using namespace hcd::cuda::wavelet;
  // Bands' columns from one before those of the block to what mirrored positions read.
  constexpr int kRows = 2 * kWaveletRows, kRead = kWaveletColumns + 3;
  HCD_SHARED(lows, float[kRows][kRead]);
  HCD_SHARED(highs, float[kRows][kRead]);
  const int x0 = int(blockIdx.x) * 2 * kWaveletColumns, y0 = int(blockIdx.y) * kRows;
  const int first = x0 / 2 - 1;
  for (int i = thread_of_block(); i < kRows * kRead; i += kThreads) {
    const int r = i / kRead, c = i % kRead, x = first + c, y = y0 + r;
    if (y >= out.height) continue;
    const bool there = x >= 0 && x < low.width;
    const auto by_low = [&](int j) {
      return there && low.data && j >= 0 && j < low.height ? row_of(low, j)[x] : 0.0F;
    };
    const auto by_detail = [&](int band, int j) {
      return inside(detailed, x, j) ? details.data[band * details.plane + j * details.stride + x]
                                    : 0.0F;
    };
    lows[r][c] = gathered(y, out.height, by_low, [&](int j) { return by_detail(1, j); });
    highs[r][c] = gathered(
        y, out.height, [&](int j) { return by_detail(0, j); },
        [&](int j) { return by_detail(2, j); });
  }
  __syncthreads();
  for (int r = int(threadIdx.y); r < kRows; r += kWaveletThreadRows) {
    const int y = y0 + r;
    for (int x = x0 + int(threadIdx.x); x < x0 + 2 * kWaveletColumns; x += kWaveletColumns) {
      if (x >= out.width || y >= out.height) continue;
      row_of(out, y)[x] = gathered(
          x, out.width, [&](int j) { return lows[r][j - first]; },
          [&](int j) { return highs[r][j - first]; });
    }
  }
}
