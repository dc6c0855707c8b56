// SPDX-License-Identifier: BSD-2-Clause
#include "models/nn.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "image/separable.h"

namespace hcd::models {
namespace {

// The clamp and the rounding of quantise(), with the identity as derivative.
struct StraightThrough : torch::autograd::Function<StraightThrough> {
  static Tensor forward(torch::autograd::AutogradContext *, const Tensor &x) {
    return x.clamp(0, 1).mul(255).round_().div_(255);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *,
                                                 torch::autograd::variable_list gradient) {
    return gradient;
  }
};

// The operator of resizing `in` samples to `out` as a dense matrix [out, in].
Tensor resize_matrix(const image::Kernel &kernel, int64_t in, int64_t out) {
  const image::Axis axis = image::resize_axis(
      kernel, image::resize_grid(static_cast<int>(in), static_cast<int>(out), 0.5));
  Tensor matrix = at::zeros({out, in}, at::kDouble);
  auto values = matrix.accessor<double, 2>();
  for (int i = 0; i < axis.out; ++i) {
    for (int t = 0; t < axis.taps; ++t) {
      values[i][axis.start[static_cast<size_t>(i)] + t] += static_cast<double>(axis.row(i)[t]);
    }
  }
  return matrix;
}

constexpr int64_t kHaarStride = 2, kHaarPadding = 0;

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

int64_t Params::count() const {
  int64_t count = 0;
  for (const Entry &entry : entries_) count += entry.value.numel();
  return count;
}

Tensor Params::add(const std::string &name, at::IntArrayRef shape, bool trainable) {
  const bool taken = std::any_of(entries_.begin(), entries_.end(),
                                 [&](const Entry &entry) { return entry.name == name; });
  HCD_CHECK(!taken, HCD_E_INTERNAL, "parameter '%s' made twice", name.c_str());
  if (check_) check_(name, shape);
  entries_.push_back(
      {name, at::empty(shape, at::TensorOptions(dtype_).device(device_)), trainable});
  return entries_.back().value;
}

Tensor Scope::fixed(const std::string &name, const Tensor &value) const {
  Tensor tensor = params_->add(prefix_ + name, value.sizes(), false);
  tensor.copy_(value);
  return tensor;
}

Conv::Conv(const Scope &scope, int64_t in, int64_t out, int64_t kernel, ConvOptions options)
    : weight(scope.param("weight", {out, in, kernel, kernel})),
      stride(options.stride),
      padding(options.padding < 0 ? kernel / 2 : options.padding) {
  if (options.bias) bias = scope.param("bias", {out});
  if (!scope.params().initialise()) return;
  const double bound = 1 / std::sqrt(static_cast<double>(in * kernel * kernel));
  weight.uniform_(-bound, bound);
  if (bias.defined()) bias.uniform_(-bound, bound);
}

Tensor Conv::operator()(const Tensor &x) const {
  return at::conv2d(x, weight, bias, at::IntArrayRef(stride), at::IntArrayRef(padding));
}

Conv xavier_conv(const Scope &scope, int64_t in, int64_t out, int64_t kernel, double factor) {
  Conv conv(scope, in, out, kernel);
  if (!scope.params().initialise()) return conv;
  const double fans = static_cast<double>((in + out) * kernel * kernel);
  conv.weight.normal_(0, factor * std::sqrt(2 / fans));
  conv.bias.zero_();
  return conv;
}

Tensor lrelu(const Tensor &x, double slope) { return at::leaky_relu(x, slope); }

Tensor ResidualBlock::operator()(const Tensor &x) const {
  return second(at::relu(first(x))).mul(scale).add(x);
}

Tensor Body::operator()(const Tensor &x) const {
  Tensor y = x;
  for (const Layer &block : blocks) y = block(y);
  return end(y) + x;
}

SubPixel::SubPixel(const Scope &scope, int64_t features, int scale, int64_t in)
    : factor(scale == 3 ? 3 : 2) {
  for (int stage = 0; stage < (scale == 4 ? 2 : 1); ++stage) {
    const int64_t channels = stage == 0 && in > 0 ? in : features;
    convs.emplace_back(scope(2 * stage), channels, features * factor * factor, 3);
  }
}

Tensor SubPixel::operator()(Tensor x) const {
  for (const Conv &conv : convs) x = at::pixel_shuffle(conv(x), factor);
  return x;
}

Tensor twice_nearest(const Tensor &x) {
  return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
}

Haar::Haar(const Scope &scope, int64_t channels_in)
    : weights(scope.fixed("haar_weights", haar_filters().repeat({channels_in, 1, 1, 1}))),
      channels(channels_in) {}

Tensor Haar::forward(const Tensor &x) const {
  const Tensor bands = at::conv2d(x, weights, {}, kHaarStride, kHaarPadding, 1, channels) / 4;
  return regroup(bands, channels, 4);
}

Tensor Haar::inverse(const Tensor &y) const {
  return at::conv_transpose2d(regroup(y, 4, channels), weights, {}, kHaarStride, kHaarPadding, 0,
                              channels);
}

MeanShift::MeanShift(const Scope &scope, const std::vector<double> &offset) {
  const auto n = static_cast<int64_t>(offset.size());
  weight = scope.fixed("weight", at::eye(n, at::kDouble).view({n, n, 1, 1}));
  bias = scope.fixed("bias", at::tensor(offset, at::kDouble));
}

Tensor MeanShift::operator()(const Tensor &x) const { return at::conv2d(x, weight, bias); }

std::vector<double> mean_colour(double factor) {
  return {factor * 0.4488, factor * 0.4371, factor * 0.4040};
}

Tensor extend(const Tensor &x, int64_t height, int64_t width) {
  const int64_t down = std::max<int64_t>(0, height - x.size(2));
  const int64_t right = std::max<int64_t>(0, width - x.size(3));
  return down || right ? at::replication_pad2d(x, {0, right, 0, down}) : x;
}

Tensor crop(const Tensor &x, int64_t height, int64_t width) {
  return x.slice(2, 0, height).slice(3, 0, width);
}

Tensor linear_resize(const Tensor &x, const image::Kernel &kernel, int64_t height, int64_t width) {
  // One row of `rows` per output row, and the same for columns: x' = rows x columns^T.
  const auto options = x.options();
  const Tensor rows = resize_matrix(kernel, x.size(2), height).to(options);
  const Tensor columns = resize_matrix(kernel, x.size(3), width).to(options);
  return at::matmul(at::matmul(rows, x), columns.t());
}

Tensor bicubic_resize(const Tensor &x, int64_t height, int64_t width) {
  return linear_resize(x, *image::find_kernel("catmull_rom"), height, width);
}

Tensor quantise(const Tensor &x) { return StraightThrough::apply(x); }

}  // namespace hcd::models
