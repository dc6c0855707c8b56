// SPDX-License-Identifier: BSD-2-Clause
// The parts of HCFlow: steps of its main flow and its conditional flow. For hcflow.cpp alone.
#pragma once

#include <c10/core/GradMode.h>

#include <string>
#include <vector>

#include "models/dense_block.h"

namespace hcd::models::hcflow {

inline constexpr int64_t kFirst = 3;          // channels that become the LR picture
inline constexpr double kScaleBound = 0.318;  // 1 / pi: log scales lie in +-1/2

inline Tensor tail(const Tensor &x, int64_t start) { return x.narrow(1, start, x.size(1) - start); }

inline Tensor mix(const Tensor &x, const Tensor &matrix) {
  return at::conv2d(x, matrix.view({matrix.size(0), matrix.size(1), 1, 1}));
}

// The inverse of a small matrix, computed on the CPU in double.
inline Tensor inverse_matrix(const Tensor &matrix) {
  return at::linalg_inv(matrix.to(at::kCPU, at::kDouble)).to(matrix.options());
}

// What an encoding does by the way.
struct Pass {
  bool fit = false;    // set activation normalisations by what passes them
  bool count = false;  // sum up log_det
  Tensor log_det;      // [N]; log |det| of the Jacobian so far

  // [N, ...]: summed per picture.
  void add(const Tensor &log_scale) {
    if (!count) return;
    const Tensor sum = log_scale.flatten(1).sum(1);
    log_det = log_det.defined() ? log_det + sum : sum;
  }
  // One value, for each position of x.
  void add(const Tensor &value, const Tensor &x) {
    if (count) add((value * (x.size(2) * x.size(3))).view({1, 1}).expand({x.size(0), 1}));
  }
};

// Activation normalisation (x + bias) exp(logs), per channel.
struct ActNorm {
  Tensor bias, logs;  // [1, C, 1, 1]

  ActNorm() = default;
  ActNorm(const Scope &scope, int64_t channels)
      : bias(scope.param("bias", {1, channels, 1, 1})),
        logs(scope.param("logs", {1, channels, 1, 1})) {
    if (!scope.params().initialise()) return;
    bias.zero_();
    logs.zero_();
  }

  // The normalisation inside a subnet, which adds nothing to the determinant.
  Tensor operator()(const Tensor &x, bool fit) const {
    if (fit) {
      const c10::NoGradGuard no_grad;
      const Tensor mean = x.mean({0, 2, 3}, true);
      bias.detach().copy_(-mean);
      logs.detach().copy_(-at::log((x - mean).square().mean({0, 2, 3}, true).sqrt() + 1e-6));
    }
    return (x + bias) * at::exp(logs);
  }

  Tensor forward(const Tensor &x, Pass &pass) const {
    const Tensor y = (*this)(x, pass.fit);
    pass.add(logs.sum(), x);
    return y;
  }

  Tensor inverse(const Tensor &y) const { return y * at::exp(-logs) - bias; }
};

// Shift and log scale that a subnet gives crosswise in its even and odd channels; the scale is
// bounded: 0.318 atan(2 s).
struct ShiftScale {
  explicit ShiftScale(const Tensor &output)
      : shift(output.slice(1, 0, {}, 2)),
        log_scale(at::atan(output.slice(1, 1, {}, 2) * 2) * kScaleBound) {}

  Tensor shift, log_scale;
};

// A convolution whose output is multiplied by exp(3 logs); starts at zero.
struct ScaledConv {
  Conv conv;
  Tensor logs;  // [out, 1, 1]

  ScaledConv() = default;
  ScaledConv(const Scope &scope, int64_t in, int64_t out)
      : conv(xavier_conv(scope, in, out, 3, 0)), logs(scope.param("logs", {out, 1, 1})) {
    if (scope.params().initialise()) logs.zero_();
  }

  Tensor operator()(const Tensor &x) const { return conv(x) * at::exp(logs * 3); }
};

// One step of the main flow ("Affine3shift"): activation normalisation, then a coupling. In even
// steps the first 3 channels move all others, by scale and shift; in odd ones the others shift the
// first 3.
struct MainStep {
  bool even = true;
  ActNorm norm;
  DenseBlock subnet;

  MainStep(const Scope &scope, int64_t channels, int64_t growth, bool is_even)
      : even(is_even), norm(scope("actnorm"), channels) {
    const Scope name = scope("affine")("f");
    const int64_t others = channels - kFirst;
    subnet = even ? DenseBlock(name, kFirst, growth, 2 * others)
                  : DenseBlock(name, others, growth, kFirst);
  }

  Tensor forward(const Tensor &input, Pass &pass) const {
    const Tensor x = norm.forward(input, pass);
    const Tensor first = x.narrow(1, 0, kFirst), others = tail(x, kFirst);
    if (!even) return at::cat({first + subnet(others), others}, 1);
    const ShiftScale by(subnet(first));
    pass.add(by.log_scale);
    return at::cat({first, (others + by.shift) * at::exp(by.log_scale)}, 1);
  }

  Tensor inverse(const Tensor &y) const {
    const Tensor first = y.narrow(1, 0, kFirst), others = tail(y, kFirst);
    if (!even) return norm.inverse(at::cat({first - subnet(others), others}, 1));
    const ShiftScale by(subnet(first));
    return norm.inverse(at::cat({first, others * at::exp(-by.log_scale) - by.shift}, 1));
  }
};

struct ConditionalSizes {
  int64_t steps, hidden, features, rrdb_growth;
  std::vector<int64_t> rrdb_blocks;  // of the first and the second trunk
};

// One step of a conditional flow: activation normalisation, learned channel mixing, and a coupling
// in which the first half of the channels, with the features, moves the second half.
class ConditionalStep {
 public:
  ConditionalStep(const Scope &scope, int64_t channels, const ConditionalSizes &sizes)
      : half_(channels / 2),
        norm_(scope("actnorm"), channels),
        mixing_(scope("permute").param("weight", {channels, channels})) {
    if (scope.params().initialise()) {  // a random rotation
      mixing_.copy_(std::get<0>(at::linalg_qr(at::randn({channels, channels}, at::kDouble))));
    }
    const Scope f = scope("affine")("f");
    const int64_t hidden = sizes.hidden;
    conv1_ = Conv(f("conv1"), half_ + sizes.features, hidden, 3, {.bias = false});
    norm1_ = ActNorm(f("conv1")("actnorm"), hidden);
    conv2_ = Conv(f("conv2"), hidden, hidden, 1, {.bias = false});
    norm2_ = ActNorm(f("conv2")("actnorm"), hidden);
    conv3_ = ScaledConv(f("conv3"), hidden, 2 * (channels - half_));
  }

  Tensor forward(const Tensor &input, const Tensor &features, Pass &pass) const {
    const Tensor x = mix(norm_.forward(input, pass), mixing_);
    if (pass.count) pass.add(std::get<1>(at::linalg_slogdet(mixing_)), x);
    const Tensor half = x.narrow(1, 0, half_);
    const ShiftScale by = move(half, features, pass.fit);
    pass.add(by.log_scale);
    return at::cat({half, (tail(x, half_) + by.shift) * at::exp(by.log_scale)}, 1);
  }

  Tensor inverse(const Tensor &y, const Tensor &features) const {
    const Tensor half = y.narrow(1, 0, half_);
    const ShiftScale by = move(half, features, false);
    const Tensor x = at::cat({half, tail(y, half_) * at::exp(-by.log_scale) - by.shift}, 1);
    return norm_.inverse(mix(x, inverse_matrix(mixing_)));
  }

 private:
  ShiftScale move(const Tensor &half, const Tensor &features, bool fit) const {
    Tensor x = at::relu(norm1_(conv1_(at::cat({half, features}, 1)), fit));
    x = at::relu(norm2_(conv2_(x), fit));
    return ShiftScale(conv3_(x));
  }

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
                  const ConditionalSizes &sizes) {
    const int64_t features = sizes.features;
    first_ = Conv(scope("conv_first"), condition, features, 3);
    for (size_t trunk = 0; trunk < sizes.rrdb_blocks.size(); ++trunk) {
      const std::string name = "RRDB_trunk" + std::to_string(trunk);
      for (int64_t i = 0; i < sizes.rrdb_blocks[trunk]; ++i) {
        trunk_.blocks.push_back(RrdbBlock(scope(name, i), features, sizes.rrdb_growth));
      }
    }
    trunk_.end = Conv(scope("trunk_conv1"), features, features, 3);
    for (int64_t i = 0; i < sizes.steps; ++i) {
      steps_.emplace_back(scope("additional_flow_steps", i), channels, sizes);
    }
    prior_ = ScaledConv(scope("f"), features, 2 * channels);
  }

  // Pixels on each side that features, and what inverse() gives, depend on.
  int reach() const {
    const int features = 1 + RrdbBlock::kReach * static_cast<int>(trunk_.blocks.size()) + 1;
    return features + 1 + 2 * static_cast<int>(steps_.size());
  }

  // [N, condition, h, w] to [N, features, h, w].
  Tensor features(const Tensor &condition) const { return trunk_(first_(condition)); }

  // z = (a - mean) exp(-t) after the flow steps; mean and t come from the features.
  Tensor forward(const Tensor &a, const Tensor &features, Pass &pass) const {
    Tensor x = a;
    for (const ConditionalStep &step : steps_) x = step.forward(x, features, pass);
    const ShiftScale prior(prior_(features));
    pass.add(-prior.log_scale);
    return (x - prior.shift) * at::exp(-prior.log_scale);
  }

  Tensor inverse(const Tensor &z, const Tensor &features) const {
    const ShiftScale prior(prior_(features));
    Tensor x = at::addcmul(prior.shift, z, at::exp(prior.log_scale));
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) x = step->inverse(x, features);
    return x;
  }

 private:
  Conv first_;
  Body trunk_;
  std::vector<ConditionalStep> steps_;
  ScaledConv prior_;
};

}  // namespace hcd::models::hcflow
