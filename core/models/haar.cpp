// SPDX-License-Identifier: BSD-2-Clause
#include "models/haar.h"

namespace hcd::models {
namespace {

constexpr int64_t kStride = 2, kPadding = 0;

Tensor haar_filters() {
  return at::tensor({1., 1., 1., 1.,     // mean
                     1., -1., 1., -1.,   // left minus right
                     1., 1., -1., -1.,   // top minus bottom
                     1., -1., -1., 1.},  // diagonal minus antidiagonal
                    at::kDouble)
      .view({4, 1, 2, 2});
}

// Channels from order [groups, members] to [members, groups].
Tensor regroup(const Tensor &x, int64_t groups, int64_t members) {
  const int64_t n = x.size(0), h = x.size(2), w = x.size(3);
  return x.reshape({n, groups, members, h, w}).transpose(1, 2).reshape({n, -1, h, w});
}

}  // namespace

Haar::Haar(const Scope &scope, int64_t channels_in)
    : weights(scope.fixed("haar_weights", haar_filters().repeat({channels_in, 1, 1, 1}))),
      channels(channels_in) {}

Tensor Haar::forward(const Tensor &x) const {
  const Tensor bands = at::conv2d(x, weights, {}, kStride, kPadding, 1, channels) / 4;
  return regroup(bands, channels, 4);
}

Tensor Haar::inverse(const Tensor &y) const {
  return at::conv_transpose2d(regroup(y, 4, channels), weights, {}, kStride, kPadding, 0, channels);
}

}  // namespace hcd::models
