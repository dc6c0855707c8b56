// SPDX-License-Identifier: BSD-2-Clause
// The pictures of the command are those of PNG files.
#pragma once

#include "files/png/png.h"

namespace hcd::tools {

using files::encode_png;
using files::Picture;
using files::PngChunk;
using files::read_png;

}  // namespace hcd::tools
