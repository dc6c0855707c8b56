// SPDX-License-Identifier: BSD-2-Clause
// Views as kernels get them.
#pragma once

#include "base/view.h"
#include "engine/cuda/device.h"
#include "engine/cuda/kernels/tile.h"

namespace hcd::cuda {

template <typename T>
PlaneOf<T> on_device(const View<T> &plane) {
  return {plane.data, plane.width, plane.height, plane.stride};
}
inline ConstDevicePlane read_only(const DevicePlane &plane) {
  return {plane.data, plane.width, plane.height, plane.stride};
}
inline DeviceRect on_device(const Rect &r) { return {r.x, r.y, r.width, r.height}; }

// The blocks of `columns` x `rows` samples that cover a plane.
inline Extent blocks_of(int width, int height, int columns, int rows) {
  return {static_cast<unsigned>((width + columns - 1) / columns),
          static_cast<unsigned>((height + rows - 1) / rows)};
}

// Of kTileBlock threads, kTile x kTile samples each.
inline constexpr Extent kTileBlock{kTile, kTileRows};
inline Extent tiles_of(int width, int height) { return blocks_of(width, height, kTile, kTile); }

}  // namespace hcd::cuda
