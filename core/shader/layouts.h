// SPDX-License-Identifier: BSD-2-Clause
// The two ways in which a network's values lie in textures. Both compute the same.
#pragma once

#include <vector>

#include "shader/glsl.h"

namespace hcd::shader {

// A texture for four channels, and a pass for each: what every player takes.
std::vector<Pass> fragment_passes(const client::LightWeights &weights, const Levels &levels);

// A texture and a pass for a layer, the channels of a pixel side by side: each value is read once
// for all channels that it goes into.
std::vector<Pass> compute_passes(const client::LightWeights &weights, const Levels &levels);

}  // namespace hcd::shader
