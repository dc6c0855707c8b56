// SPDX-License-Identifier: BSD-2-Clause
// All kernels in one piece of code: one module to load.
#include "engine/cuda/kernels/axes.cu"
#include "engine/cuda/kernels/detail.cu"
#include "engine/cuda/kernels/light.cu"
#include "engine/cuda/kernels/losses.cu"
#include "engine/cuda/kernels/numbers.cu"
#include "engine/cuda/kernels/planes.cu"
#include "engine/cuda/kernels/samples.cu"
#include "engine/cuda/kernels/skip.cu"
#include "engine/cuda/kernels/vectors.cu"
#include "engine/cuda/kernels/wavelet.cu"
