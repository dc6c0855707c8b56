// SPDX-License-Identifier: BSD-2-Clause
// Kernels on long vectors. One thread a value, in blocks of kVectorBlock.
#pragma once

#include "engine/cuda/kernels/kernel.h"

namespace hcd::cuda {
inline constexpr int kVectorBlock = 256;
}

HCD_KERNEL hcd_axpy(float a, const float *x, float *y, uint64_t n);  // y += a x
// *total = sum of partials[0, n), by one block.
HCD_KERNEL hcd_total(const double *partials, uint32_t n, double *total);

// Every kernel of this file, for whoever needs a table of them.
#define HCD_VECTOR_KERNELS(X) X(hcd_axpy) X(hcd_total)
