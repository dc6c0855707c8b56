// SPDX-License-Identifier: BSD-2-Clause
// What an encoder is likely to spend on a small plane.
#pragma once

#include "base/buffer.h"
#include "base/parallel.h"
#include "base/view.h"

namespace hcd::cpu {

// Mean over the coefficients D of the plane's 8 x 8 blocks' cosine transform, without the block's
// mean, which encoders predict, of log2(1 + (D / 16)^2): about twice the bits of a coefficient at a
// quantiser of 16 code values. A rest of less than 8 columns or rows is left out (a plane smaller
// than a block costs 0). Adds `weight` times its derivative to `gradient`, as large as `plane`.
double block_cost(ConstPlane plane, float weight, Plane gradient, ThreadPool &pool);

}  // namespace hcd::cpu
