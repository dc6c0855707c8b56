// SPDX-License-Identifier: BSD-2-Clause
// The table of all kernels: HCD_ALL_KERNELS(X) is X(name) for each.
#pragma once

#include "engine/cuda/kernels/axes.h"
#include "engine/cuda/kernels/detail.h"
#include "engine/cuda/kernels/light.h"
#include "engine/cuda/kernels/losses.h"
#include "engine/cuda/kernels/numbers.h"
#include "engine/cuda/kernels/planes.h"
#include "engine/cuda/kernels/samples.h"
#include "engine/cuda/kernels/vectors.h"
#include "engine/cuda/kernels/wavelet.h"

#define HCD_ALL_KERNELS(X) \
  HCD_AXIS_KERNELS(X)      \
  HCD_DETAIL_KERNELS(X)    \
  HCD_LIGHT_KERNELS(X)     \
  HCD_LOSS_KERNELS(X)      \
  HCD_NUMBER_KERNELS(X)    \
  HCD_PLANE_KERNELS(X) HCD_SAMPLE_KERNELS(X) HCD_VECTOR_KERNELS(X) HCD_WAVELET_KERNELS(X)
