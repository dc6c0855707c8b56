// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/kernels/vectors.h"

#include "engine/cuda/kernels/reduce.cuh"

HCD_KERNEL hcd_axpy(float a, const float *x, float *y, uint64_t n) {
  const uint64_t i = uint64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) y[i] = __fmaf_rn(a, x[i], y[i]);
}

HCD_KERNEL hcd_total(const double *partials, uint32_t n, double *total) {
  double sum = 0;
  for (uint32_t i = threadIdx.x; i < n; i += hcd::cuda::kVectorBlock) sum += partials[i];
  sum = hcd::cuda::block_sum<hcd::cuda::kVectorBlock>(sum, int(threadIdx.x));
  if (threadIdx.x == 0) *total = sum;
}
