// SPDX-License-Identifier: BSD-2-Clause
// What every file of kernels begins with. The same sources are compiled by nvcc for GPUs, and by
// the host's compiler for tests, where a block's threads are fibers (tests/cuda/cuda_on_host.h); a
// header of kernels alone tells the engine their parameters. CUDA C++17; no CUDA library.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef HCD_CUDA_ON_HOST
#include HCD_CUDA_ON_HOST
#endif

// Kernels are known by their names (hcd_...): no mangling.
#if defined(__CUDACC__) || defined(HCD_CUDA_ON_HOST)
#define HCD_KERNEL extern "C" __global__ void
#else
#define HCD_KERNEL extern "C" void
#endif

namespace hcd::cuda {

// A plane in device memory as kernels get it: View of base/view.h with fixed types.
template <typename T>
struct PlaneOf {
  T *data;
  int32_t width, height;
  int64_t stride;  // samples from one row to the next
};
using DevicePlane = PlaneOf<float>;
using ConstDevicePlane = PlaneOf<const float>;

// Rect of base/view.h likewise.
struct DeviceRect {
  int32_t x, y, width, height;
};

}  // namespace hcd::cuda
