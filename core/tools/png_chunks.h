// SPDX-License-Identifier: BSD-2-Clause
// What a PNG file says beside its samples, for a picture of another size.
#pragma once

#include "tools/session.h"

#include <string>
#include <vector>

namespace hcd::tools {

// Those of `chunks` that hold for the picture once resized; sizes, resolutions and offsets are
// rewritten. `left_out`: the names of the others with what they are, or "".
std::vector<files::PngChunk> resize_chunks(const std::vector<files::PngChunk> &chunks, Size from,
                                           Size to, std::string &left_out);

// Rewrites in place what depends on the size in EXIF data: width and height, resolutions, the
// subject's place. Everything else (orientation, camera, time, preview) stays. False where `data`
// is not EXIF.
bool resize_exif(std::vector<uint8_t> &data, Size from, Size to);

}  // namespace hcd::tools
