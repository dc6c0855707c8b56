// SPDX-License-Identifier: BSD-2-Clause
// All kernels in one piece of code: one module to load.
#include "engine/cuda/kernels/detail.cu"
#include "engine/cuda/kernels/losses.cu"
#include "engine/cuda/kernels/vectors.cu"
#include "engine/cuda/kernels/wavelet.cu"
