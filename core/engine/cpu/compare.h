// SPDX-License-Identifier: BSD-2-Clause
// What a viewer sees against the source, sample by sample.
#pragma once

#include "base/parallel.h"
#include "base/view.h"
#include "engine/engine.h"

namespace hcd::cpu {

// These are Engine's operations of the same names.
double shown_plane_error(int depth, ConstPlane shown, ConstPlane truth, ThreadPool &pool);
void neighbourhood(ConstPlane plane, Plane low, Plane high, ThreadPool &pool);
double mix_slope(ConstPlane shown, ConstPlane y, ConstPlane low, ConstPlane high,
                 const image::Range &range, const MixWeights &weights, Plane slope,
                 ThreadPool &pool);

}  // namespace hcd::cpu
