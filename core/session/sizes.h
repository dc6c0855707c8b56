// SPDX-License-Identifier: BSD-2-Clause
// How large the frames are that come out, and what that asks of a network.
#pragma once

#include <hcd/hcd.h>

namespace hcd::session {

// The option scale of a client that has no factor of its own.
double factor_or_default(double scale);

// How many times as large the larger of two formats is, in the direction where it is more; as far
// as `asked` gives a size. 0: it gives none.
double ratio_asked(const hcd_format &asked, const hcd_format &in);

// The format that comes out: that of `in` but for the size, which `out` may ask for.
hcd_format sized(const hcd_format &in, const hcd_format &out, int default_width,
                 int default_height);

// The same of a small frame: by default ceil(size / scale) on the chroma grid. Throws HCD_E_FORMAT
// where `out` asks for more than `in` has.
hcd_format small_format(const hcd_format &in, const hcd_format &out, double scale);

// Whether a network's factor makes `hr` of `lr`: to the next whole pixel, or on the chroma grid,
// with the rest to cut off.
bool is_whole(const hcd_format &hr, const hcd_format &lr, int factor);

// Throws HCD_E_FORMAT unless an enlarged frame is at least as large as the small one.
void check_larger(const hcd_format &hr, const hcd_format &in);

}  // namespace hcd::session
