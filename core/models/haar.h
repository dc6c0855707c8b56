// SPDX-License-Identifier: BSD-2-Clause
// The Haar step of invertible networks: half the size, four times the channels.
#pragma once

#include "models/nn.h"

namespace hcd::models {

// Stride-2 Haar transform per channel. State dict: haar_weights [4 channels, 1, 2, 2], four filters
// of +-1 per channel, which no training moves. Channels are grouped by filter: 0 to C - 1 are the
// means of 2x2 blocks, then left minus right, top minus bottom, diagonal minus antidiagonal.
struct Haar {
  Tensor weights;
  int64_t channels = 0;

  Haar() = default;
  Haar(const Scope &scope, int64_t channels);

  // [N, C, H, W] to [N, 4 C, H/2, W/2], H and W even.
  Tensor forward(const Tensor &x) const;
  // [N, 4 C, h, w] to [N, C, 2 h, 2 w].
  Tensor inverse(const Tensor &y) const;
};

}  // namespace hcd::models
