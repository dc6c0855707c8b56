// SPDX-License-Identifier: BSD-2-Clause
// Applies the operators of image/separable.h.
#pragma once

#include "base/parallel.h"
#include "base/view.h"
#include "image/separable.h"

namespace hcd::cpu {

// out = op in. The planes must have the sizes of `op` and not overlap.
void apply(const image::Separable &op, ConstPlane in, Plane out, ThreadPool &pool);

// x = inverse y. The planes must not overlap.
void apply(const image::Inverse &inverse, ConstPlane y, Plane x, ThreadPool &pool);

}  // namespace hcd::cpu
