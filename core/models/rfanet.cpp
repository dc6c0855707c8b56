// SPDX-License-Identifier: BSD-2-Clause
#include "models/rfanet.h"

#include <algorithm>

namespace hcd::models {

Esa::Esa(const Scope &scope, int64_t features, int64_t width)
    : conv1(scope("conv1"), features, width, 1),
      conv_f(scope("conv_f"), width, width, 1),
      conv2(scope("conv2"), width, width, 3, {.stride = 2, .padding = 0}),
      conv_max(scope("conv_max"), width, width, 3),
      conv3(scope("conv3"), width, width, 3),
      conv3_(scope("conv3_"), width, width, 3),
      conv4(scope("conv4"), width, features, 1) {}

Tensor Esa::operator()(const Tensor &x, const Tensor &guide) const {
  const Tensor narrow = conv1(guide);
  const Tensor small = at::max_pool2d(conv2(narrow), {7, 7}, {3, 3});
  const Tensor seen = conv3_(at::relu(conv3(at::relu(conv_max(small)))));
  const Tensor large = at::upsample_bilinear2d(seen, {x.size(2), x.size(3)}, false);
  return x * at::sigmoid(conv4(large + conv_f(narrow)));
}

Tensor Rfanet::Block::operator()(const Tensor &x) const {
  const Tensor residual = conv2(at::relu(conv1(x)));
  return esa(residual, residual);
}

Tensor Rfanet::Module::operator()(const Tensor &x) const {
  const Tensor residual1 = blocks[0](x);
  const Tensor x1 = x + residual1;
  const Tensor residual2 = blocks[1](x1);
  const Tensor x2 = x1 + residual2;
  const Tensor residual3 = blocks[2](x2);
  const Tensor residual4 = blocks[3](x2 + residual3);
  return x + fuse(at::cat({residual1, residual2, residual3, residual4}, 1));
}

Rfanet::Rfanet(int scale, const nlohmann::json &json, Params &params) : scale_(scale) {
  check_scale("rfanet", scale, {2, 3, 4});
  Config config(json, "rfanet");
  const int64_t modules = config.number("modules", 30, 1, 256);
  const int64_t features = config.number("features", 64, 4, 1024);
  config.done();
  const Scope scope(params);
  head_ = Conv(scope("head"), 3, features, 3);
  for (int64_t m = 0; m < modules; ++m) {
    const Scope names = scope("body", m);
    Module module;
    for (size_t b = 0; b < module.blocks.size(); ++b) {
      const Scope block = names("rb" + std::to_string(b + 1));
      module.blocks[b] = {Conv(block("conv1"), features, features, 3),
                          Conv(block("conv2"), features, features, 3),
                          Esa(block("esa"), features, features / 4)};
    }
    module.fuse = Conv(names("fuse"), 4 * features, features, 1);
    body_.push_back(std::move(module));
  }
  body_end_ = Conv(scope("body", modules), features, features, 3);
  enlarge_ = SubPixel(scope("tail", 0), features, scale);
  tail_ = Conv(scope("tail", 1), features, 3, 3);
}

int Rfanet::receptive_field() const {
  // Head, four blocks of two convolutions a module, the body's last, the enlarging ones, the tail.
  return static_cast<int>(1 + 8 * body_.size() + 1 + 2);
}

Tensor Rfanet::upscale(const Tensor &x_lr, const Latents &) const {
  const Tensor head = head_(extend(x_lr, Esa::kLeast, Esa::kLeast));
  Tensor x = head;
  for (const Module &module : body_) x = module(x);
  x = body_end_(x) + head;
  return crop(tail_(enlarge_(x)), x_lr.size(2) * scale_, x_lr.size(3) * scale_);
}

}  // namespace hcd::models
