// SPDX-License-Identifier: BSD-2-Clause
// The dense block of ESRGAN, IRN and HCFlow, made for descents: frozen weights, gradients of the
// input alone.
#pragma once

#include <array>

#include "models/nn.h"

namespace hcd::models {

// Five 3x3 convolutions conv1 to conv5. Each reads the input and what all earlier ones gave; leaky
// ReLU of slope 0.2 after the first four, which have `growth` channels.
//
// Where a weight requires a gradient, autograd follows every operation. Else the block is one
// operation whose backward gives the gradient of the input only: it keeps the four hidden maps, or
// the input alone inside a Recompute scope. Both give the same values up to rounding (checked by
// tests/models/dense_block_test).
struct DenseBlock {
  enum class Start { kZero, kSmall };  // of conv5 in training: the block gives 0, or small values

  static constexpr int kReach = 5;  // pixels on each side that a result depends on
  std::array<Conv, 5> convs;

  DenseBlock() = default;
  DenseBlock(const Scope &scope, int64_t in, int64_t growth, int64_t out,
             Start start = Start::kZero);
  // [N, in, h, w] to [N, out, h, w].
  Tensor operator()(const Tensor &x) const;
};

// While one lives, dense blocks of frozen weights that run on this thread keep their input alone
// for the backward pass, which computes the hidden maps anew: less memory, more time.
class Recompute {
 public:
  Recompute() noexcept;
  ~Recompute();
  Recompute(const Recompute &) = delete;
  Recompute &operator=(const Recompute &) = delete;

 private:
  bool before_;
};

// Residual-in-residual dense block (ESRGAN): three dense blocks RDB1 to RDB3, each times 0.2 plus
// its input, and the same around all three.
struct RrdbBlock {
  static constexpr int kReach = 3 * DenseBlock::kReach;
  std::array<DenseBlock, 3> blocks;

  RrdbBlock() = default;
  RrdbBlock(const Scope &scope, int64_t features, int64_t growth);
  // [N, features, h, w] to the same.
  Tensor operator()(const Tensor &x) const;
};

}  // namespace hcd::models
