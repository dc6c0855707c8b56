// SPDX-License-Identifier: BSD-2-Clause
#include "models/srcnn.h"

#include <c10/core/GradMode.h>

namespace hcd::models {
namespace {

// Makes the first channel of every layer pass on the picture, and the others whisper: training
// starts from the bicubic result rather than from noise.
void start_as_identity(const std::vector<Conv> &convs) {
  const c10::NoGradGuard guard;
  for (const Conv &conv : convs) {
    const int64_t middle = conv.weight.size(2) / 2;
    conv.weight[0].mul_(convs.back().weight.is_same(conv.weight) ? 0.1 : 0);
    conv.weight[0][0].zero_();
    conv.weight[0][0][middle][middle].fill_(1);
    conv.bias[0].zero_();
  }
}

}  // namespace

Srcnn::Srcnn(int scale, const nlohmann::json &json, Params &params) : scale_(scale) {
  Config config(json, "srcnn");
  const int64_t middle = config.number("middle", 5, 1, 9) / 2 * 2 + 1;
  config.done();
  const Scope scope(params);
  conv1_ = Conv(scope("conv1"), 1, 64, 9);
  conv2_ = Conv(scope("conv2"), 64, 32, middle);
  conv3_ = Conv(scope("conv3"), 32, 1, 5);
  if (params.initialise()) start_as_identity({conv1_, conv2_, conv3_});
}

int Srcnn::receptive_field() const {
  const auto reach = static_cast<int>(4 + conv2_.padding + 2);  // HR pixels
  return (reach + scale_ - 1) / scale_ + 2;                     // and bicubic's two
}

Tensor Srcnn::refine(const Tensor &x_hr) const {
  return conv3_(at::relu(conv2_(at::relu(conv1_(x_hr)))));
}

Tensor Srcnn::upscale(const Tensor &x_lr, const Latents &) const {
  return refine(bicubic_resize(x_lr, x_lr.size(2) * scale_, x_lr.size(3) * scale_));
}

}  // namespace hcd::models
