// SPDX-License-Identifier: BSD-2-Clause
// SRCNN. Dong, Loy, He, Tang, "Image Super-Resolution Using Deep Convolutional Networks", IEEE
// TPAMI 2016: three convolutions over the bicubically enlarged luma.
#include <c10/core/GradMode.h>

#include "models/config.h"
#include "models/registry.h"

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

// Published: 9-5-5 with 64 and 32 channels, 57,281 parameters. Zero padding keeps the size, where
// the authors' code crops or replicates: results differ within 8 pixels of the border.
// Configuration: middle (kernel of the second convolution, odd; 1 in the ECCV paper).
class Srcnn : public Model {
 public:
  Srcnn(int scale, const Json &json, const Scope &scope) : Model(scale) {
    Config config(json, "srcnn");
    const int64_t middle = config.number("middle", 5, 1, 9) / 2 * 2 + 1;
    config.done();
    conv1_ = Conv(scope("conv1"), 1, 64, 9);
    conv2_ = Conv(scope("conv2"), 64, 32, middle);
    conv3_ = Conv(scope("conv3"), 32, 1, 5);
    if (scope.params().initialise()) start_as_identity({conv1_, conv2_, conv3_});
  }

  int channels() const override { return 1; }

  int receptive_field() const override {
    const auto reach = static_cast<int>(4 + conv2_.padding + 2);  // HR pixels
    return (reach + scale_ - 1) / scale_ + 2;                     // and bicubic's two
  }

  Tensor upscale(const Tensor &x_lr, const Latents &) const override {
    const Tensor x = bicubic_resize(x_lr, x_lr.size(2) * scale_, x_lr.size(3) * scale_);
    return conv3_(at::relu(conv2_(at::relu(conv1_(x)))));
  }

 private:
  Conv conv1_, conv2_, conv3_;
};

}  // namespace

std::unique_ptr<Model> make_srcnn(int scale, const Json &config, const Scope &scope) {
  return std::make_unique<Srcnn>(scale, config, scope);
}

}  // namespace hcd::models
