// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/losses.h"

#include "engine/cuda/kernels/losses.h"
#include "engine/cuda/numbers.h"
#include "engine/cuda/planes.h"

namespace hcd::cuda {

Number mix_slope(Device &device, ConstPlane shown, ConstPlane y, const image::Range &range,
                 const MixWeights &weights, Plane slope) {
  const Extent grid = tiles_of(y.width, y.height);
  const size_t blocks = size_t{grid.x} * grid.y;
  Buffer memory = device.allocate(blocks * (sizeof(double) / sizeof(float)));
  auto *partials = reinterpret_cast<double *>(memory.data());
  const DeviceMix mix{on_device(weights.error), on_device(weights.excess),
                      on_device(weights.detail), range.low, range.high};
  device.launch(HCD_KERNEL_OF(hcd_mix_slope), grid, kTileBlock, 0, on_device(shown), on_device(y),
                mix, on_device(slope), partials);
  return total(device, partials, blocks);
}

}  // namespace hcd::cuda
