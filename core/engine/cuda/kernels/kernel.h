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

// Memory of a block, in place of __shared__: HCD_SHARED(tile, float[18][18]) is the array `tile`,
// and HCD_SHARED_BYTES(tail) the bytes that the launch asked for (at most one in a kernel; aligned
// to 16). Nobody may read what the block has not written: on the host it is NaN.
#ifdef __CUDACC__
#define HCD_SHARED(name, ...) __shared__ ::hcd::cuda::Type<__VA_ARGS__> name
#define HCD_SHARED_BYTES(name) extern __shared__ __align__(16) unsigned char name[]
#endif

namespace hcd::cuda {

template <typename T>
using Type = T;  // so that an array's type can stand before its name

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
