// SPDX-License-Identifier: BSD-2-Clause
// Samples of frames: to floats on the 8-bit scale and back.
#pragma once

#include <hcd/hcd.h>

#include <cstdint>

#include "base/parallel.h"
#include "base/view.h"
#include "image/format.h"

namespace hcd::cpu {

// Clips in place; whether a value was outside.
bool clip(Plane plane, const image::Range &range, ThreadPool &pool);

// Code values of `frame` as floats on the 8-bit scale, exactly. `out`: [Geometry(format).size()].
void unpack(const hcd_format &format, const hcd_frame &frame, float *out, ThreadPool &pool);

// Rounds (ties to even) to code values of the format's depth, inside [low, high] of each component.
// This is the one exact quantiser: every frame that leaves the library came through it.
void pack(const hcd_format &format, const float *in, const image::Ranges &ranges,
          const hcd_frame &frame, ThreadPool &pool);

// What unpack() gives after pack(): the values rounded and clipped, in place.
void quantise(int depth, const image::Range &range, Plane plane, ThreadPool &pool);

// Hash of the visible samples.
uint64_t hash_frame(const hcd_format &format, const hcd_frame &frame, uint64_t seed);

}  // namespace hcd::cpu
