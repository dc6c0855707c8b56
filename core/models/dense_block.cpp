// SPDX-License-Identifier: BSD-2-Clause
#include "models/dense_block.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

namespace hcd::models {
namespace {

constexpr double kResidualScale = 0.2;  // of ESRGAN's blocks

constexpr double kSlope = 0.2;  // of the leaky ReLU

thread_local bool recompute = false;

using Convs = std::array<Conv, 5>;
constexpr size_t kHidden = 4;  // maps between the input and the output

// Every operation by itself, for autograd.
Tensor plain(const Convs &convs, const Tensor &x) {
  std::vector<Tensor> maps = {x};
  for (size_t k = 0; k < kHidden; ++k) maps.push_back(lrelu(convs[k](at::cat(maps, 1))));
  return convs[kHidden](at::cat(maps, 1));
}

// The input and the four hidden maps side by side, [N, in + 4 growth, h, w]: each convolution reads
// a prefix of the channels and writes behind it.
Tensor hidden_maps(const Convs &convs, const Tensor &x) {
  const int64_t growth = convs[0].weight.size(0);
  int64_t known = x.size(1);
  Tensor maps = at::empty({x.size(0), known + 4 * growth, x.size(2), x.size(3)}, x.options());
  maps.narrow(1, 0, known).copy_(x);
  for (size_t k = 0; k < kHidden; ++k, known += growth) {
    Tensor next = maps.narrow(1, known, growth);
    at::leaky_relu_out(next, convs[k](maps.narrow(1, 0, known)), kSlope);
  }
  return maps;
}

Tensor conv3x3(const Tensor &x, const Tensor &weight) {
  const std::array<int64_t, 2> ones = {1, 1};
  return at::conv2d(x, weight, {}, at::IntArrayRef(ones), at::IntArrayRef(ones));
}

// The weights that take the gradients of the outputs of conv5, conv4, ... down to convs[last], side
// by side, to that of the `count` channels from `first` that all of these read: the convolutions'
// own with input and output exchanged and turned by half a turn.
Tensor adjoint(const Convs &convs, size_t last, int64_t first, int64_t count) {
  std::vector<Tensor> parts;
  for (size_t k = convs.size(); k > last; --k) {
    parts.push_back(convs[k - 1].weight.narrow(1, first, count));
  }
  return at::cat(parts, 0).flip({2, 3}).transpose(0, 1).contiguous();
}

// The gradient of the input is a dense block as well, run from the gradient of the output: what
// reaches a hidden map is one convolution of all that is known so far.
Tensor input_gradient(const Convs &convs, const Tensor &maps, const Tensor &gradient) {
  const int64_t growth = convs[0].weight.size(0), in = convs[0].weight.size(1);
  int64_t known = gradient.size(1);
  Tensor gradients =
      at::empty({maps.size(0), known + 4 * growth, maps.size(2), maps.size(3)}, maps.options());
  gradients.narrow(1, 0, known).copy_(gradient);
  for (size_t k = kHidden; k > 0; --k, known += growth) {  // the map that convs[k - 1] gave
    const int64_t first = in + (static_cast<int64_t>(k) - 1) * growth;
    Tensor next = gradients.narrow(1, known, growth);
    const Tensor sum = conv3x3(gradients.narrow(1, 0, known), adjoint(convs, k, first, growth));
    at::leaky_relu_backward_out(next, sum, maps.narrow(1, first, growth), kSlope,
                                /*self_is_result=*/true);
  }
  return conv3x3(gradients, adjoint(convs, 0, 0, in));
}

// The block with frozen weights as one operation.
struct Frozen : torch::autograd::Function<Frozen> {
  static Tensor forward(torch::autograd::AutogradContext *context, const Tensor &x,
                        const Convs &convs) {
    const Tensor maps = hidden_maps(convs, x);
    std::vector<Tensor> saved = {recompute ? x : maps};
    for (const Conv &conv : convs) saved.insert(saved.end(), {conv.weight, conv.bias});
    context->save_for_backward(saved);
    return convs[kHidden](maps);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradient) {
    const std::vector<Tensor> saved = context->get_saved_variables();
    Convs convs;
    for (size_t k = 0; k < convs.size(); ++k) {
      convs[k].weight = saved[1 + 2 * k];
      convs[k].bias = saved[2 + 2 * k];
      convs[k].stride = convs[k].padding = 1;
    }
    const bool input_only = saved[0].size(1) == convs[0].weight.size(1);
    const Tensor maps = input_only ? hidden_maps(convs, saved[0]) : saved[0];
    return {input_gradient(convs, maps, gradient[0]), Tensor()};
  }
};

bool trainable(const Convs &convs) {
  return std::any_of(convs.begin(), convs.end(), [](const Conv &conv) {
    return conv.weight.requires_grad() || conv.bias.requires_grad();
  });
}

}  // namespace

DenseBlock::DenseBlock(const Scope &scope, int64_t in, int64_t growth, int64_t out, Start start) {
  constexpr double kInitial = 0.1;  // of Xavier's deviation
  int64_t known = in;
  for (size_t k = 0; k < kHidden; ++k, known += growth) {
    convs[k] = xavier_conv(scope("conv" + std::to_string(k + 1)), known, growth, 3, kInitial);
  }
  convs[kHidden] = xavier_conv(scope("conv5"), known, out, 3, start == Start::kZero ? 0 : kInitial);
}

Tensor DenseBlock::operator()(const Tensor &x) const {
  if (!c10::GradMode::is_enabled()) return convs[kHidden](hidden_maps(convs, x));
  return trainable(convs) ? plain(convs, x) : Frozen::apply(x, convs);
}

Recompute::Recompute() noexcept : before_(recompute) { recompute = true; }
Recompute::~Recompute() { recompute = before_; }

RrdbBlock::RrdbBlock(const Scope &scope, int64_t features, int64_t growth) {
  for (size_t i = 0; i < blocks.size(); ++i) {
    blocks[i] = DenseBlock(scope("RDB" + std::to_string(i + 1)), features, growth, features,
                           DenseBlock::Start::kSmall);
  }
}

Tensor RrdbBlock::operator()(const Tensor &x) const {
  Tensor y = x;
  for (const DenseBlock &block : blocks) y = at::add(y, block(y), kResidualScale);
  return at::add(x, y, kResidualScale);
}

}  // namespace hcd::models
