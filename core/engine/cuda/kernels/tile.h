// SPDX-License-Identifier: BSD-2-Clause
// How planes are cut into blocks: see tile.cuh.
#pragma once

namespace hcd::cuda {
inline constexpr int kTile = 32, kTileRows = 8;
}
