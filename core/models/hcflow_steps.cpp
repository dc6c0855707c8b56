// SPDX-License-Identifier: BSD-2-Clause
#include "models/hcflow_steps.h"

#include <c10/core/GradMode.h>

namespace hcd::models::hcflow {
namespace {

constexpr int64_t kFirst = 3;          // channels that become the LR picture
constexpr double kScaleBound = 0.318;  // 1 / pi: log scales lie in +-1/2

Tensor tail(const Tensor &x, int64_t start) { return x.narrow(1, start, x.size(1) - start); }

Tensor mix(const Tensor &x, const Tensor &matrix) {
  return at::conv2d(x, matrix.view({matrix.size(0), matrix.size(1), 1, 1}));
}

// The inverse of a small matrix, computed on the CPU in double.
Tensor inverse_matrix(const Tensor &matrix) {
  return at::linalg_inv(matrix.to(at::kCPU, at::kDouble)).to(matrix.options());
}

}  // namespace

void Pass::add(const Tensor &log_scale) {
  if (!count) return;
  const Tensor sum = log_scale.flatten(1).sum(1);
  log_det = log_det.defined() ? log_det + sum : sum;
}

void Pass::add(const Tensor &value, const Tensor &x) {
  if (count) add((value * (x.size(2) * x.size(3))).view({1, 1}).expand({x.size(0), 1}));
}

// ---- layers ----

ActNorm::ActNorm(const Scope &scope, int64_t channels)
    : bias(scope.param("bias", {1, channels, 1, 1})),
      logs(scope.param("logs", {1, channels, 1, 1})) {
  if (!scope.params().initialise()) return;
  bias.zero_();
  logs.zero_();
}

Tensor ActNorm::operator()(const Tensor &x, bool fit) const {
  if (fit) {
    const c10::NoGradGuard no_grad;
    const Tensor mean = x.mean({0, 2, 3}, true);
    bias.detach().copy_(-mean);
    logs.detach().copy_(-at::log((x - mean).square().mean({0, 2, 3}, true).sqrt() + 1e-6));
  }
  return (x + bias) * at::exp(logs);
}

Tensor ActNorm::forward(const Tensor &x, Pass &pass) const {
  const Tensor y = (*this)(x, pass.fit);
  pass.add(logs.sum(), x);
  return y;
}

Tensor ActNorm::inverse(const Tensor &y) const { return y * at::exp(-logs) - bias; }

ShiftScale::ShiftScale(const Tensor &output)
    : shift(output.slice(1, 0, {}, 2)),
      log_scale(at::atan(output.slice(1, 1, {}, 2) * 2) * kScaleBound) {}

ScaledConv::ScaledConv(const Scope &scope, int64_t in, int64_t out)
    : conv(xavier_conv(scope, in, out, 3, 0)), logs(scope.param("logs", {out, 1, 1})) {
  if (scope.params().initialise()) logs.zero_();
}

Tensor ScaledConv::operator()(const Tensor &x) const { return conv(x) * at::exp(logs * 3); }

// ---- main flow ----

MainStep::MainStep(const Scope &scope, int64_t channels, int64_t growth, bool is_even)
    : even(is_even), norm(scope("actnorm"), channels) {
  const Scope name = scope("affine")("f");
  const int64_t others = channels - kFirst;
  subnet = even ? DenseBlock(name, kFirst, growth, 2 * others)
                : DenseBlock(name, others, growth, kFirst);
}

Tensor MainStep::forward(const Tensor &input, Pass &pass) const {
  const Tensor x = norm.forward(input, pass);
  const Tensor first = x.narrow(1, 0, kFirst), others = tail(x, kFirst);
  if (!even) return at::cat({first + subnet(others), others}, 1);
  const ShiftScale by(subnet(first));
  pass.add(by.log_scale);
  return at::cat({first, (others + by.shift) * at::exp(by.log_scale)}, 1);
}

Tensor MainStep::inverse(const Tensor &y) const {
  const Tensor first = y.narrow(1, 0, kFirst), others = tail(y, kFirst);
  if (!even) return norm.inverse(at::cat({first - subnet(others), others}, 1));
  const ShiftScale by(subnet(first));
  return norm.inverse(at::cat({first, others * at::exp(-by.log_scale) - by.shift}, 1));
}

// ---- conditional flow ----

ConditionalStep::ConditionalStep(const Scope &scope, int64_t channels,
                                 const ConditionalSizes &sizes)
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

ShiftScale ConditionalStep::move(const Tensor &half, const Tensor &features, bool fit) const {
  Tensor x = at::relu(norm1_(conv1_(at::cat({half, features}, 1)), fit));
  x = at::relu(norm2_(conv2_(x), fit));
  return ShiftScale(conv3_(x));
}

Tensor ConditionalStep::forward(const Tensor &input, const Tensor &features, Pass &pass) const {
  const Tensor x = mix(norm_.forward(input, pass), mixing_);
  if (pass.count) pass.add(std::get<1>(at::linalg_slogdet(mixing_)), x);
  const Tensor half = x.narrow(1, 0, half_);
  const ShiftScale by = move(half, features, pass.fit);
  pass.add(by.log_scale);
  return at::cat({half, (tail(x, half_) + by.shift) * at::exp(by.log_scale)}, 1);
}

Tensor ConditionalStep::inverse(const Tensor &y, const Tensor &features) const {
  const Tensor half = y.narrow(1, 0, half_);
  const ShiftScale by = move(half, features, false);
  const Tensor x = at::cat({half, tail(y, half_) * at::exp(-by.log_scale) - by.shift}, 1);
  return norm_.inverse(mix(x, inverse_matrix(mixing_)));
}

ConditionalFlow::ConditionalFlow(const Scope &scope, int64_t channels, int64_t condition,
                                 const ConditionalSizes &sizes) {
  const int64_t features = sizes.features;
  first_ = Conv(scope("conv_first"), condition, features, 3);
  for (size_t trunk = 0; trunk < sizes.rrdb_blocks.size(); ++trunk) {
    const std::string name = "RRDB_trunk" + std::to_string(trunk);
    for (int64_t i = 0; i < sizes.rrdb_blocks[trunk]; ++i) {
      trunk_.emplace_back(scope(name, i), features, sizes.rrdb_growth);
    }
  }
  trunk_end_ = Conv(scope("trunk_conv1"), features, features, 3);
  for (int64_t i = 0; i < sizes.steps; ++i) {
    steps_.emplace_back(scope("additional_flow_steps", i), channels, sizes);
  }
  prior_ = ScaledConv(scope("f"), features, 2 * channels);
}

int ConditionalFlow::features_reach() const {
  return 1 + RrdbBlock::kReach * static_cast<int>(trunk_.size()) + 1;
}

Tensor ConditionalFlow::features(const Tensor &condition) const {
  const Tensor first = first_(condition);
  Tensor x = first;
  for (const RrdbBlock &block : trunk_) x = block(x);
  return trunk_end_(x) + first;
}

Tensor ConditionalFlow::forward(const Tensor &a, const Tensor &features, Pass &pass) const {
  Tensor x = a;
  for (const ConditionalStep &step : steps_) x = step.forward(x, features, pass);
  const ShiftScale prior(prior_(features));
  pass.add(-prior.log_scale);
  return (x - prior.shift) * at::exp(-prior.log_scale);
}

Tensor ConditionalFlow::inverse(const Tensor &z, const Tensor &features) const {
  const ShiftScale prior(prior_(features));
  Tensor x = at::addcmul(prior.shift, z, at::exp(prior.log_scale));
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) x = step->inverse(x, features);
  return x;
}

}  // namespace hcd::models::hcflow
