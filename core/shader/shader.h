// SPDX-License-Identifier: BSD-2-Clause
// A light network as a user shader of mpv and libplacebo: data in, text out.
#pragma once

#include <string>

#include "client/light/light_weights.h"
#include "image/kernel.h"

namespace hcd::shader {

enum class Variant { kFragment, kCompute };

struct Settings {
  Variant variant = Variant::kFragment;
  bool full_range = false;                // of the stream's code values
  const image::Kernel *chroma = nullptr;  // enlarges chroma by the same factor; nullptr: the player
};

// What one file may hold: compilers in drivers take every weight for a constant.
inline constexpr int64_t kMostParameters = 250'000;
// Textures that a pass may bind in every player.
inline constexpr int kMostBinds = 16;

// The text of a file: passes on the luma plane that replace it by one that is `scale` times as
// large wherever the player's output is larger than the plane, and nothing elsewhere. `name`: of
// the model, for people. The same arguments give the same bytes. Throws HCD_E_OPTION, "<title>:
// expected
// ..., found ..." where a network is too large for a shader.
std::string write_shader(const client::LightWeights &weights, const std::string &name,
                         const Settings &settings);

}  // namespace hcd::shader
