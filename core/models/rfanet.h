// SPDX-License-Identifier: BSD-2-Clause
// RFANet's attention, the part of it that its authors published.
#pragma once

#include "models/nn.h"

namespace hcd::models {

// Enhanced spatial attention (figure 5): features of a quarter of the channels, made small and
// large again, say how much of each value passes. Needs 15 x 15 pixels.
struct Esa {
  static constexpr int64_t kLeast = 15;  // stride 2 of 3x3, then pooling of 7x7: 3 + 2 * 6
  Conv conv1, conv_f, conv2, conv_max, conv3, conv3_, conv4;

  Esa() = default;
  Esa(const Scope &scope, int64_t features, int64_t width);
  // x, weighted by the attention that `guide` asks for; both [N, features, h, w].
  Tensor operator()(const Tensor &x, const Tensor &guide) const;
};

}  // namespace hcd::models
