// SPDX-License-Identifier: BSD-2-Clause
// The library's planes, vectors, frames and operators as tensors.
#pragma once

#include <ATen/core/Tensor.h>
#include <hcd/hcd.h>

#include "engine/engine.h"

namespace hcd::aten {

// These share the samples, which may be changed through the tensor where they may be changed at
// all.
at::Tensor tensor(ConstPlane plane, at::Device device);  // [channels, height, width]
at::Tensor tensor(ConstVector vector, at::Device device);

// The bytes of rows of a frame's plane of memory `p`: [height, bytes in a row], of the host.
at::Tensor read_rows(const hcd_format &format, const hcd_frame &frame, int p);
void write_rows(const at::Tensor &rows, const hcd_frame &frame, int p);
int planes_in_memory(const hcd_format &format);

// A banded matrix on a device. Row i is weights[i] from column start[i] on.
struct Band {
  Band(const image::Axis &axis, at::Device device);
  // The matrix times `in`, [rows, columns].
  at::Tensor times(const at::Tensor &in) const;

  at::Tensor start, weights;
};

// A system of equations with a symmetric banded matrix, L D L^T.
struct System {
  System(const image::BandedSolver &solver, at::Device device);
  at::Tensor solve(const at::Tensor &right) const;

  at::Tensor lower, inverse_diagonal;
};

}  // namespace hcd::aten
