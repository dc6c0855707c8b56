// SPDX-License-Identifier: BSD-2-Clause
// The sweeps of resample.h over `lanes` neighbouring columns.
#pragma once

#include <cstddef>

#include "image/separable.h"

namespace hcd::cpu {

// Rows [first, last) of axis * in.
void resample_rows(const image::Axis &axis, int first, int last, const float *in,
                   ptrdiff_t in_stride, float *out, ptrdiff_t out_stride, int lanes);

// L z = b, D w = z, L^T x = w, in place on `solver.n` rows.
void solve_columns(const image::BandedSolver &solver, float *x, ptrdiff_t stride, int lanes);

}  // namespace hcd::cpu
