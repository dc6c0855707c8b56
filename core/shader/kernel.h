// SPDX-License-Identifier: BSD-2-Clause
// A linear kernel's enlarging by a whole factor: the network's skip, and chroma.
#pragma once

#include <string>

#include "client/light/skip.h"

namespace hcd::shader {

// A function "vec4 enlarged(vec2 p, ivec2 d)": pixel d of the block that pixel p of the bound
// texture `name` becomes, as client::Skip computes it; the first and last pixels continue beyond
// the border.
std::string enlarged(const client::Skip &kernel, int scale, const std::string &name);

// Lines that begin a fragment shader whose result is `scale` times as large as the bound texture
// `name`: "vec2 p" is the pixel, "ivec2 d" the place in its block.
std::string block_of(int scale, const std::string &name);

}  // namespace hcd::shader
