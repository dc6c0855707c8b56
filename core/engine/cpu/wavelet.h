// SPDX-License-Identifier: BSD-2-Clause
// Daubechies' wavelet of two vanishing moments, as VMAF's detail loss uses it: one sample is
// mirrored beyond the first, two beyond the last; sizes are halved, rounded up.
#pragma once

#include <array>

#include "base/buffer.h"
#include "base/parallel.h"
#include "base/view.h"

namespace hcd::cpu {

// Taps of the low pass and of its quadrature mirror.
inline constexpr std::array<float, 4> kLowPass = {0.482962913144690F, 0.836516303737469F,
                                                  0.224143868041857F, -0.129409522550921F};
inline constexpr std::array<float, 4> kHighPass = {kLowPass[3], -kLowPass[2], kLowPass[1],
                                                   -kLowPass[0]};

inline int half(int size) { return (size + 1) / 2; }

// One level of the transform: planes of half(width) x half(height).
struct Subbands {
  Plane a;                       // low pass in both directions
  std::array<Plane, 3> details;  // differences along x, along y, along both
};

// The level of `in`.
void dwt2(ConstPlane in, const Subbands &out, ThreadPool &pool);

// The adjoint of dwt2(): derivatives by the level's values give those by the picture's, in `out`.
// `scratch`: 2 half(height) rows of out.width.
void dwt2_adjoint(const Subbands &in, Plane out, float *scratch, ThreadPool &pool);

}  // namespace hcd::cpu
