// SPDX-License-Identifier: BSD-2-Clause
// How the samples of a frame of the public API lie in memory, of the host or of a device.
#pragma once

#include <hcd/hcd.h>

#include <cstddef>
#include <cstdint>

#include "image/format.h"

namespace hcd::image {

// Planes as they are stored: two of NV12, whose second one is as high as component 1.
int stored_planes(const hcd_format &format);
// Bytes of the samples of a row of plane `p`.
size_t row_bytes(const hcd_format &format, int p);

// Where component `c` of a frame lies: first sample, samples from one to the next, bytes from row
// to row.
struct Storage {
  uint8_t *data;
  int step;
  ptrdiff_t stride;
};
Storage storage(const hcd_format &format, const hcd_frame &frame, int c);

// A range of the 8-bit scale in code values of that depth.
Range code_range(int depth, Range range);

// Hash of the visible samples of a frame in the host's memory, continued from `seed`.
uint64_t hash_frame(const hcd_format &format, const hcd_frame &frame, uint64_t seed);

}  // namespace hcd::image
