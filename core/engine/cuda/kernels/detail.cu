// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/kernels/detail.h"

#include "engine/cuda/kernels/tile.cuh"
#include "engine/cuda/kernels/vectors.h"

namespace hcd::cuda {
namespace detail {

constexpr int kThreads = kTile * kTileRows;

// A value of the test picture: the part that the reference has too, and what is beyond.
struct Decoupled {
  float whole, restored, excess;
};
__device__ __forceinline__ Decoupled decoupled(const DetailLevel &l, int band, int x, int y) {
  const float whole = l.reference.data[band * l.reference.plane + y * l.reference.stride + x];
  const float test = l.test.data[band * l.test.plane + y * l.test.stride + x];
  const float restored = fminf(fmaxf(whole, 0.0F), fmaxf(fminf(whole, 0.0F), test));
  return {whole, restored, test - restored};
}

// The samples of a block and kHalo more on each side, in shared memory. The plane's last samples
// repeat beyond its border.
template <int kHalo>
struct Tile {
  static constexpr int kSide = kTile + 2 * kHalo;
  float samples[kSide][kSide];

  template <typename Make>
  __device__ __forceinline__ void fill(const DetailLevel &l, int x0, int y0, const Make &make) {
    for (int i = thread_of_block(); i < kSide * kSide; i += kThreads) {
      const int r = i / kSide, c = i % kSide;
      samples[r][c] = make(clamped(x0 + c - kHalo, 0, l.test.width - 1),
                           clamped(y0 + r - kHalo, 0, l.test.height - 1));
    }
  }
  // Masking's weighted sum over 3 x 3 samples, around one of those in reach of kHalo - 1.
  __device__ __forceinline__ float threshold(int x, int y) const {
    constexpr float kNeighbour = 1.0F / 30, kCentre = 1.0F / 15;
    const float *row = samples[y + kHalo] + x + kHalo, *above = row - kSide, *below = row + kSide;
    const float sum = above[-1] + above[0] + above[1] + row[-1] + row[0] + row[1] + below[-1] +
                      below[0] + below[1];
    return __fmaf_rn(kNeighbour, sum, (kCentre - kNeighbour) * row[0]);
  }
};

__device__ __forceinline__ int level_of_block(const DetailAll &all) {
  int level = kDetailLevels - 1;
  while (blockIdx.x < all.levels[level].first_block) --level;
  return level;
}
__device__ __forceinline__ int first_column(const DetailLevel &l) {
  return l.reached.x + int((blockIdx.x - l.first_block) % l.blocks_x) * kTile;
}
__device__ __forceinline__ int first_row(const DetailLevel &l) {
  return l.reached.y + int((blockIdx.x - l.first_block) / l.blocks_x) * kTile;
}

// What masks: the sum of csf |excess| over the bands.
__device__ __forceinline__ float additive(const DetailLevel &l, int x, int y) {
  if (!inside(l.reached, x, y)) return 0;
  float sum = 0;
  for (int b = 0; b < kDetailBands; ++b) {
    sum = __fmaf_rn(l.csf[b], fabsf(decoupled(l, b, x, y).excess), sum);
  }
  return sum;
}

// What is seen of a band: csf |restored| above the threshold.
__device__ __forceinline__ float seen(const DetailLevel &l, int band, const Decoupled &d,
                                      float threshold) {
  return fmaxf(0.0F, __fmaf_rn(fabsf(d.restored), l.csf[band], -threshold));
}

}  // namespace detail
}  // namespace hcd::cuda

HCD_KERNEL hcd_detail_mask(const hcd::cuda::DetailAll all, double *cubes) {
  using namespace hcd::cuda;
  using namespace hcd::cuda::detail;
  HCD_SHARED(masking, Tile<1>);
  const DetailLevel &l = all.levels[level_of_block(all)];
  const int x0 = first_column(l), y0 = first_row(l), c = int(threadIdx.x);
  masking.fill(l, x0, y0, [&](int x, int y) { return additive(l, x, y); });
  __syncthreads();
  float sums[kDetailBands] = {0, 0, 0};
  for (int r = int(threadIdx.y); r < kTile; r += kTileRows) {
    if (!inside(l.pooled, x0 + c, y0 + r)) continue;
    const float threshold = masking.threshold(c, r);
    for (int b = 0; b < kDetailBands; ++b) {
      const float value = seen(l, b, decoupled(l, b, x0 + c, y0 + r), threshold);
      sums[b] = __fmaf_rn(value * value, value, sums[b]);
    }
  }
  for (int b = 0; b < kDetailBands; ++b) {
    const double sum = block_sum<kThreads>(double(sums[b]), thread_of_block());
    if (thread_of_block() == 0) cubes[uint64_t(b) * gridDim.x + blockIdx.x] = sum;
  }
}

HCD_KERNEL hcd_detail_pool(const hcd::cuda::DetailAll all, const double *cubes, uint32_t blocks,
                           hcd::cuda::DeviceNumber whole, double *roots, float *factors) {
  using namespace hcd::cuda;
  const uint32_t level = blockIdx.x / kDetailBands, band = blockIdx.x % kDetailBands;
  const uint32_t first = all.levels[level].first_block;
  const uint32_t end = level + 1 < kDetailLevels ? all.levels[level + 1].first_block : blocks;
  double sum = 0;
  for (uint32_t i = first + threadIdx.x; i < end; i += kVectorBlock) {
    sum += cubes[uint64_t(band) * blocks + i];
  }
  sum = block_sum<kVectorBlock>(sum, int(threadIdx.x));
  if (threadIdx.x > 0) return;
  // Minkowski pooling, and the constant that keeps flat pictures apart from each other.
  const DeviceRect &pooled = all.levels[level].pooled;
  roots[blockIdx.x] = cbrt(sum) + cbrt(double(pooled.width) * pooled.height / 32);
  if (factors) factors[blockIdx.x] = sum > 0 ? float(-1 / (whole.get() * cbrt(sum * sum))) : 0.0F;
}

// Inside the reference's range it is the restored part that changes; beyond, the additive one, and
// by it the threshold.
HCD_KERNEL hcd_detail_slope(const hcd::cuda::DetailAll all, const float *factors) {
  using namespace hcd::cuda;
  using namespace hcd::cuda::detail;
  HCD_SHARED(masking, Tile<2>);
  HCD_SHARED(by_threshold, Tile<1>);  // the derivatives
  const int level = level_of_block(all);
  const DetailLevel &l = all.levels[level];
  const float *factor = factors + level * kDetailBands;
  const int x0 = first_column(l), y0 = first_row(l), c = int(threadIdx.x);
  masking.fill(l, x0, y0, [&](int x, int y) { return additive(l, x, y); });
  __syncthreads();
  // The derivative by what is seen of a band.
  const auto by_seen = [&](int band, const Decoupled &d, float threshold) {
    const float value = seen(l, band, d, threshold);
    return value * value * factor[band];
  };
  by_threshold.fill(l, x0, y0, [&](int x, int y) {
    if (!inside(l.pooled, x, y)) return 0.0F;
    const float threshold = masking.threshold(x - x0, y - y0);
    float sum = 0;
    for (int b = 0; b < kDetailBands; ++b) sum -= by_seen(b, decoupled(l, b, x, y), threshold);
    return sum;
  });
  __syncthreads();
  for (int r = int(threadIdx.y); r < kTile; r += kTileRows) {
    const int x = x0 + c, y = y0 + r;
    if (!inside(l.reached, x, y)) continue;
    const float threshold = masking.threshold(c, r), by_excess = by_threshold.threshold(c, r);
    const bool pooled = inside(l.pooled, x, y);
    for (int b = 0; b < kDetailBands; ++b) {
      const Decoupled d = decoupled(l, b, x, y);
      float slope = 0;  // at the ends of the range there is no derivative
      if (d.excess != 0) {
        slope = d.excess < 0 ? -by_excess : by_excess;
      } else if (d.restored != 0 && d.restored != d.whole && pooled) {
        slope = by_seen(b, d, threshold);
        if (d.whole < 0) slope = -slope;
      }
      l.slopes.data[b * l.slopes.plane + y * l.slopes.stride + x] = l.csf[b] * slope;
    }
  }
}
