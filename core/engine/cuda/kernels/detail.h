// SPDX-License-Identifier: BSD-2-Clause
// Decoupling, masking and pooling of the detail loss, as engine/cpu/adm.h says; all levels of the
// wavelet at once. A block looks at a tile (tile.h) of a level's `reached` part.
#pragma once

#include "engine/cuda/kernels/numbers.h"
#include "engine/cuda/kernels/tile.h"
#include "engine/cuda/kernels/wavelet.h"

namespace hcd::cuda {

inline constexpr int kDetailLevels = 4, kDetailBands = 3, kDetailRoots = 12;

struct DetailLevel {
  DeviceDetails test, reference;   // one size
  DeviceDetails slopes;            // the derivatives by `test`
  float csf[kDetailBands];         // how visible the bands are
  DeviceRect pooled;               // without what is left out on each side
  DeviceRect reached;              // that, and what masks it
  uint32_t first_block, blocks_x;  // the blocks of the launch that look at it
};
struct DetailAll {
  DetailLevel levels[kDetailLevels];
};

}  // namespace hcd::cuda

// cubes[band * blocks + block] = the sum of the cubes of what is seen of the band.
HCD_KERNEL hcd_detail_mask(const hcd::cuda::DetailAll all, double *cubes);
// The cubes of `blocks` blocks pooled: a block of kVectorBlock threads for each band of each level,
// roots[3 level + band]. With factors, the derivatives by what is seen of a band are
// factors[3 level + band] * its square, where the loss is 1 - the sum of roots / whole.
HCD_KERNEL hcd_detail_pool(const hcd::cuda::DetailAll all, const double *cubes, uint32_t blocks,
                           hcd::cuda::DeviceNumber whole, double *roots, float *factors);
// The derivatives by the details inside `reached`.
HCD_KERNEL hcd_detail_slope(const hcd::cuda::DetailAll all, const float *factors);

#define HCD_DETAIL_KERNELS(X) X(hcd_detail_mask) X(hcd_detail_pool) X(hcd_detail_slope)
