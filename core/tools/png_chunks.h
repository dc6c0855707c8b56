// SPDX-License-Identifier: BSD-2-Clause
// What a PNG file says beside its samples, for a picture of another size.
#pragma once

#include "tools/options.h"
#include "tools/png.h"

#include <string>
#include <vector>

namespace hcd::tools {

// Those of `chunks` that hold for the picture once resized; sizes, resolutions and offsets are
// rewritten. `left_out`: the names of the others with what they are, or "".
std::vector<PngChunk> resize_chunks(const std::vector<PngChunk> &chunks, Size from, Size to,
                                    std::string &left_out);

}  // namespace hcd::tools
