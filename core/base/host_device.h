// SPDX-License-Identifier: BSD-2-Clause
// For functions that the kernels of engine/cuda call, too: the same results from the same code.
#pragma once

#ifdef __CUDACC__
#define HCD_HOST_DEVICE __host__ __device__
#else
#define HCD_HOST_DEVICE
#endif
