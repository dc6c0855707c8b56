// SPDX-License-Identifier: BSD-2-Clause
// Samples of frames: to floats on the 8-bit scale and back; and what a viewer sees against the
// source, sample by sample.
#pragma once

#include "base/parallel.h"
#include "engine/engine.h"

namespace hcd::cpu {

// These are Engine's operations of the same names.
double clip(Plane plane, const image::Range &range, ThreadPool &pool);
void unpack(const hcd_format &format, const hcd_frame &frame, float *out, ThreadPool &pool);
void pack(const hcd_format &format, const float *in, const image::Ranges &ranges,
          const hcd_frame &frame, ThreadPool &pool);
void quantise(int depth, const image::Range &range, Plane plane, ThreadPool &pool);
// MixWeights as the kernels take them.
struct MixFactors {
  float error, excess, detail;
};
double shown_plane_error(int depth, ConstPlane shown, ConstPlane truth, ThreadPool &pool);
double mix_slope(ConstPlane shown, ConstPlane y, const image::Range &range,
                 const MixFactors &factors, Plane slope, ThreadPool &pool);
double squared_error(ConstPlane shown, ConstPlane target, float factor, Plane slope,
                     ThreadPool &pool);

}  // namespace hcd::cpu
