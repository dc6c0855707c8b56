// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/kernels/vectors.h"

#include "base/random.h"
#include "engine/cuda/kernels/reduce.cuh"

namespace hcd::cuda {

// The value of this thread.
__device__ inline uint64_t vector_index() {
  return uint64_t(blockIdx.x) * blockDim.x + threadIdx.x;
}

}  // namespace hcd::cuda

HCD_KERNEL hcd_axpy(hcd::cuda::DeviceNumber a, const float *x, float *y, uint64_t n) {
  const uint64_t i = hcd::cuda::vector_index();
  if (i < n) y[i] = __fmaf_rn(float(a.get()), x[i], y[i]);
}

HCD_KERNEL hcd_xpby(const float *x, hcd::cuda::DeviceNumber b, float *y, uint64_t n) {
  const uint64_t i = hcd::cuda::vector_index();
  if (i < n) y[i] = __fmaf_rn(float(b.get()), y[i], x[i]);
}

HCD_KERNEL hcd_subtract(const float *x, const float *y, float *z, uint64_t n) {
  const uint64_t i = hcd::cuda::vector_index();
  if (i < n) z[i] = x[i] - y[i];
}

HCD_KERNEL hcd_scale(hcd::cuda::DeviceNumber a, float *x, uint64_t n) {
  const uint64_t i = hcd::cuda::vector_index();
  if (i < n) x[i] *= float(a.get());
}

HCD_KERNEL hcd_normal(uint64_t seed, float *x, uint64_t n) {
  const uint64_t i = hcd::cuda::vector_index();
  if (i < n) x[i] = float(hcd::Random(seed).normal(i));
}

// A thread's few products are added in floats, everything else in doubles.
HCD_KERNEL hcd_dot(const float *a, const float *b, uint64_t n, double *partials) {
  using namespace hcd::cuda;
  const uint64_t first = uint64_t(blockIdx.x) * kDotPiece + threadIdx.x;
  float sum = 0;
#pragma unroll
  for (int k = 0; k < kDotPiece / kVectorBlock; ++k) {
    const uint64_t i = first + uint64_t(k) * kVectorBlock;
    if (i < n) sum = __fmaf_rn(a[i], b[i], sum);
  }
  const double all = block_sum<kVectorBlock>(double(sum), int(threadIdx.x));
  if (threadIdx.x == 0) partials[blockIdx.x] = all;
}

HCD_KERNEL hcd_total(const double *partials, uint32_t n, double *total) {
  double sum = 0;
  for (uint32_t i = threadIdx.x; i < n; i += hcd::cuda::kVectorBlock) sum += partials[i];
  sum = hcd::cuda::block_sum<hcd::cuda::kVectorBlock>(sum, int(threadIdx.x));
  if (threadIdx.x == 0) *total = sum;
}
