// SPDX-License-Identifier: BSD-2-Clause
// EXIF data of a picture that changes its size.
#pragma once

#include "tools/options.h"

#include <cstdint>
#include <vector>

namespace hcd::tools {

// Rewrites in place what depends on the size: width and height, resolutions, the subject's place.
// Everything else (orientation, camera, time, preview) stays. False where `data` is not EXIF.
bool resize_exif(std::vector<uint8_t> &data, Size from, Size to);

}  // namespace hcd::tools
