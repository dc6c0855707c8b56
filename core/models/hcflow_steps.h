// SPDX-License-Identifier: BSD-2-Clause
// The parts of HCFlow: steps of its main flow and its conditional flow.
#pragma once

#include <vector>

#include "models/dense_block.h"

namespace hcd::models::hcflow {

// What an encoding does by the way.
struct Pass {
  bool fit = false;                   // set activation normalisations by what passes them
  bool count = false;                 // sum up log_det
  Tensor log_det;                     // [N]; log |det| of the Jacobian so far
  void add(const Tensor &log_scale);  // [N, ...]: summed per picture
  void add(const Tensor &value, const Tensor &x);  // one value, for each position of x
};

// Activation normalisation (x + bias) exp(logs), per channel.
struct ActNorm {
  Tensor bias, logs;  // [1, C, 1, 1]

  ActNorm() = default;
  ActNorm(const Scope &scope, int64_t channels);
  Tensor forward(const Tensor &x, Pass &pass) const;
  // The normalisation inside a subnet, which adds nothing to the determinant.
  Tensor operator()(const Tensor &x, bool fit) const;
  Tensor inverse(const Tensor &y) const;
};

// Shift and log scale that a subnet gives crosswise in its even and odd channels; the scale is
// bounded: 0.318 atan(2 s).
struct ShiftScale {
  explicit ShiftScale(const Tensor &subnet_output);
  Tensor shift, log_scale;
};

// One step of the main flow ("Affine3shift"): activation normalisation, then a coupling. In even
// steps the first 3 channels move all others, by scale and shift; in odd ones the others shift the
// first 3.
struct MainStep {
  bool even = true;
  ActNorm norm;
  DenseBlock subnet;

  MainStep(const Scope &scope, int64_t channels, int64_t growth, bool even);
  Tensor forward(const Tensor &x, Pass &pass) const;
  Tensor inverse(const Tensor &y) const;
};

struct ConditionalSizes {
  int64_t steps, hidden, features, rrdb_growth;
  std::vector<int64_t> rrdb_blocks;  // of the first and the second trunk
};

// A convolution whose output is multiplied by exp(3 logs); starts at zero.
struct ScaledConv {
  Conv conv;
  Tensor logs;  // [out, 1, 1]

  ScaledConv() = default;
  ScaledConv(const Scope &scope, int64_t in, int64_t out);
  Tensor operator()(const Tensor &x) const;
};

// One step of a conditional flow: activation normalisation, learned channel mixing, and a coupling
// in which the first half of the channels, with the features, moves the second half.
class ConditionalStep {
 public:
  ConditionalStep(const Scope &scope, int64_t channels, const ConditionalSizes &sizes);
  Tensor forward(const Tensor &x, const Tensor &features, Pass &pass) const;
  Tensor inverse(const Tensor &y, const Tensor &features) const;

 private:
  ShiftScale move(const Tensor &half, const Tensor &features, bool fit) const;

  int64_t half_;  // channels that move the others
  ActNorm norm_;
  Tensor mixing_;  // [C, C]
  Conv conv1_, conv2_;
  ActNorm norm1_, norm2_;
  ScaledConv conv3_;
};

// A conditional flow: turns the channels `a` that leave a level into a latent and back.
class ConditionalFlow {
 public:
  // `condition`: channels of what the features are computed from.
  ConditionalFlow(const Scope &scope, int64_t channels, int64_t condition,
                  const ConditionalSizes &sizes);

  // Pixels on each side that features, and what inverse() gives, depend on.
  int features_reach() const;
  int reach() const { return features_reach() + 1 + 2 * static_cast<int>(steps_.size()); }

  // [N, condition, h, w] to [N, features, h, w].
  Tensor features(const Tensor &condition) const;
  // z = (a - mean) exp(-t) after the flow steps; mean and t come from the features.
  Tensor forward(const Tensor &a, const Tensor &features, Pass &pass) const;
  Tensor inverse(const Tensor &z, const Tensor &features) const;

 private:
  Conv first_;
  std::vector<RrdbBlock> trunk_;
  Conv trunk_end_;
  std::vector<ConditionalStep> steps_;
  ScaledConv prior_;
};

}  // namespace hcd::models::hcflow
