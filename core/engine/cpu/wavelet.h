// SPDX-License-Identifier: BSD-2-Clause
// Daubechies' wavelet of two vanishing moments, as VMAF's detail loss uses it: one sample is
// mirrored beyond the first, two beyond the last; sizes are halved, rounded up.
#pragma once

#include <array>

#include "base/parallel.h"
#include "base/view.h"

namespace hcd::cpu {

using WaveletTaps = std::array<float, 4>;

// Taps of the low pass and of its quadrature mirror.
inline constexpr WaveletTaps kLowPass = {0.482962913144690F, 0.836516303737469F, 0.224143868041857F,
                                         -0.129409522550921F};
inline constexpr WaveletTaps kHighPass = {kLowPass[3], -kLowPass[2], kLowPass[1], -kLowPass[0]};

inline int half(int size) { return (size + 1) / 2; }

// One level of the transform: planes of half(width) x half(height).
struct Subbands {
  Plane a;                       // low pass in both directions
  std::array<Plane, 3> details;  // differences along x, along y, along both
};

struct RowRange {
  int first, end;

  bool contain(int y) const { return y >= first && y < end; }
};

// The level of `in`; its details in rows of `detailed` alone, the others are left as they are.
void dwt2(ConstPlane in, const RowRange &detailed, const Subbands &out, ThreadPool &pool);

// The adjoint of dwt2(): derivatives by the level's values give those by the picture's, in `out`.
// Those by details in other rows, and by the low pass where it has no data, are zeros.
void dwt2_adjoint(const Subbands &in, const RowRange &detailed, Plane out, ThreadPool &pool);

}  // namespace hcd::cpu
