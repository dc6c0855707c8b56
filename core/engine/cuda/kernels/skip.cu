// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/kernels/skip.cuh"

HCD_KERNEL hcd_skip_adjoint(hcd::cuda::ConstDevicePlane slope, hcd::cuda::SkipTaps skip,
                            hcd::cuda::DevicePlane gradient) {
  using namespace hcd::cuda;
  constexpr int kMostColumns = (kConvTile + 2 * 4) * 4;
  HCD_SHARED(sums, float[kSkipRows][kMostColumns]);
  const int scale = skip.scale, reach = skip.reach, width = gradient.width,
            height = gradient.height;
  const int thread = static_cast<int>(threadIdx.x);
  const int left = static_cast<int>(blockIdx.x) * kConvTile - reach,
            top = static_cast<int>(blockIdx.y) * kSkipRows;
  const int columns = (kConvTile + 2 * reach) * scale;
  // Down the columns of the large picture,
  for (int i = thread; i < kSkipRows * columns; i += kSkipBlock) {
    const int row = i / columns, y = top + row, column = left * scale + i % columns;
    float sum = 0;
    if (column >= 0 && column < width * scale && y < height) {
      for (int from = larger(0, y - reach); from <= smaller(height - 1, y + reach); ++from) {
        const float *rows = slope.data + from * scale * slope.stride + column;
        for (int d = 0; d < scale; ++d) {
          const float weight = skip_weight(skip, y, height, from, d);
          if (weight != 0) sum = __fmaf_rn(weight, rows[d * slope.stride], sum);
        }
      }
    }
    sums[row][i % columns] = sum;
  }
  __syncthreads();
  // then along the rows.
  const int row = thread / kConvTile, x = left + reach + thread % kConvTile, y = top + row;
  if (x >= width || y >= height) return;
  float sum = 0;
  for (int from = larger(0, x - reach); from <= smaller(width - 1, x + reach); ++from) {
    for (int d = 0; d < scale; ++d) {
      const float weight = skip_weight(skip, x, width, from, d);
      sum = __fmaf_rn(weight, sums[row][(from - left) * scale + d], sum);
    }
  }
  gradient.data[y * gradient.stride + x] = sum;
}
