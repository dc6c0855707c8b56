// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/kernels/samples.h"

#include "engine/cuda/kernels/codes.cuh"
#include "engine/cuda/kernels/planes.cuh"
#include "engine/cuda/kernels/tile.cuh"

HCD_KERNEL hcd_unpack(hcd::cuda::Component component, float unit, hcd::cuda::DevicePlane plane) {
  hcd::cuda::for_tile(plane.width, plane.height, [&](int x, int y) {
    const uint8_t *row = component.data + y * component.stride;
    const int i = x * component.step;
    const unsigned sample = component.wide ? reinterpret_cast<const uint16_t *>(row)[i] : row[i];
    row_of(plane, y)[x] = float(sample >> component.shift) * unit;
  });
}

HCD_KERNEL hcd_pack(hcd::cuda::Component component, hcd::cuda::Codes codes,
                    hcd::cuda::ConstDevicePlane plane) {
  hcd::cuda::for_tile(plane.width, plane.height, [&](int x, int y) {
    uint8_t *row = component.data + y * component.stride;
    const int i = x * component.step;
    const float code = hcd::cuda::code_of(row_of(plane, y)[x], codes);
    const unsigned sample = unsigned(code) << component.shift;
    if (component.wide) {
      reinterpret_cast<uint16_t *>(row)[i] = uint16_t(sample);
    } else {
      row[i] = uint8_t(sample);
    }
  });
}
