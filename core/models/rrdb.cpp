// SPDX-License-Identifier: BSD-2-Clause
// RRDB. Wang, Yu, Wu, Gu, Liu, Dong, Qiao, Loy, "ESRGAN: Enhanced Super-Resolution Generative
// Adversarial Networks", ECCV Workshops 2018: its generator.
#include "models/config.h"
#include "models/dense_block.h"
#include "models/registry.h"

namespace hcd::models {
namespace {

// Published: 23 blocks, 64 features, growth 32 (16.7 million parameters); x4 only. Values of [0,
// 1], no mean shift. Configuration: blocks, features, growth. Names are those of the authors'
// repository (conv_first, RRDB_trunk, ...); files of later toolboxes call the same tensors
// otherwise. RRDB_PSNR_x4, trained by pixel loss, is the one to compare with.
class Rrdb : public Model {
 public:
  Rrdb(int scale, const Json &json, const Scope &scope) : Model(scale) {
    check_scale("rrdb", scale, {4});
    Config config(json, "rrdb");
    const int64_t blocks = config.number("blocks", 23, 1, 256);
    const int64_t features = config.number("features", 64, 1, 1024);
    const int64_t growth = config.number("growth", 32, 1, 1024);
    config.done();
    first_ = Conv(scope("conv_first"), 3, features, 3);
    for (int64_t b = 0; b < blocks; ++b) {
      trunk_.blocks.push_back(RrdbBlock(scope("RRDB_trunk", b), features, growth));
    }
    trunk_.end = Conv(scope("trunk_conv"), features, features, 3);
    up1_ = Conv(scope("upconv1"), features, features, 3);
    up2_ = Conv(scope("upconv2"), features, features, 3);
    hr_ = Conv(scope("HRconv"), features, features, 3);
    last_ = Conv(scope("conv_last"), features, 3, 3);
  }

  int receptive_field() const override {
    // The first, the blocks, the trunk's last; one convolution at x2 and three at x4 reach 2.
    return 1 + RrdbBlock::kReach * static_cast<int>(trunk_.blocks.size()) + 1 + 2;
  }

  Tensor upscale(const Tensor &x_lr, const Latents &) const override {
    Tensor x = trunk_(first_(x_lr));
    x = lrelu(up1_(twice_nearest(x)));
    x = lrelu(up2_(twice_nearest(x)));
    return last_(lrelu(hr_(x)));
  }

 private:
  Conv first_;
  Body trunk_;
  Conv up1_, up2_, hr_, last_;
};

}  // namespace

std::unique_ptr<Model> make_rrdb(int scale, const Json &config, const Scope &scope) {
  return std::make_unique<Rrdb>(scale, config, scope);
}

}  // namespace hcd::models
