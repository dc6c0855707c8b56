// SPDX-License-Identifier: BSD-2-Clause
// What a PNG file says beside its samples, for a picture of another size.
#pragma once

#include "tools/session.h"

#include <string>
#include <vector>

namespace hcd::tools {

// Those of `chunks` that hold for the picture once resized; sizes, resolutions and offsets are
// rewritten, in EXIF data too, of which everything else (orientation, camera, time, preview) stays.
// `left_out`: the names of the others with what they are, or "".
std::vector<files::PngChunk> resize_chunks(const std::vector<files::PngChunk> &chunks, Size from,
                                           Size to, std::string &left_out);

}  // namespace hcd::tools
