// SPDX-License-Identifier: BSD-2-Clause
// Kernels on long vectors. One thread a value, in blocks of kVectorBlock.
#pragma once

#include "engine/cuda/kernels/numbers.h"

namespace hcd::cuda {
inline constexpr int kVectorBlock = 256;
inline constexpr int kDotPiece = 16 * kVectorBlock;  // of a vector, added up by one block
}  // namespace hcd::cuda

HCD_KERNEL hcd_axpy(hcd::cuda::DeviceNumber a, const float *x, float *y, uint64_t n);  // y += a x
HCD_KERNEL hcd_xpby(const float *x, hcd::cuda::DeviceNumber b, float *y,
                    uint64_t n);                                                // y = x + b y
HCD_KERNEL hcd_subtract(const float *x, const float *y, float *z, uint64_t n);  // z = x - y
HCD_KERNEL hcd_scale(hcd::cuda::DeviceNumber a, float *x, uint64_t n);          // x = a x
HCD_KERNEL hcd_normal(uint64_t seed, float *x, uint64_t n);  // x[i] = Random(seed).normal(i)
// partials[block] = sum of a[i] b[i] of the block's piece.
HCD_KERNEL hcd_dot(const float *a, const float *b, uint64_t n, double *partials);
// *total = sum of partials[0, n), by one block.
HCD_KERNEL hcd_total(const double *partials, uint32_t n, double *total);

// Every kernel of this file, for whoever needs a table of them.
#define HCD_VECTOR_KERNELS(X) \
  X(hcd_axpy) X(hcd_xpby) X(hcd_subtract) X(hcd_scale) X(hcd_normal) X(hcd_dot) X(hcd_total)
