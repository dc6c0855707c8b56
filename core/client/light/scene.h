// SPDX-License-Identifier: BSD-2-Clause
// A picture of what is hard to enlarge, made by arithmetic: on it a network is tried in another
// precision.
#pragma once

#include <vector>

namespace hcd::client {

// Its side, in pixels.
inline constexpr int kSceneSide = 64;

// Waves of all directions and lengths, edges and lines, noise and its extremes. Luma, 8-bit scale.
std::vector<float> make_scene();

// What an error like the difference of two pictures takes of a picture that is shown at 38 dB, in
// dB.
double precision_loss(const std::vector<float> &shown, const std::vector<float> &other);

}  // namespace hcd::client
