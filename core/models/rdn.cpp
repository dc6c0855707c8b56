// SPDX-License-Identifier: BSD-2-Clause
// RDN. Zhang, Tian, Kong, Zhong, Fu, "Residual Dense Network for Image Super-Resolution", CVPR
// 2018, in the form of its PyTorch port (EDSR-PyTorch repository).
#include "models/config.h"
#include "models/registry.h"

namespace hcd::models {
namespace {

// Residual dense block (figure 3): every layer sees all before it; fused by 1x1, plus the input.
struct Block {
  std::vector<Conv> layers;
  Conv fusion;

  Tensor operator()(const Tensor &x) const {
    Tensor features = x;
    for (const Conv &layer : layers) features = at::cat({features, at::relu(layer(features))}, 1);
    return fusion(features) + x;
  }
};

// Published: D = 16 blocks of C = 8 layers, growth G = 64, G0 = 64 ("B", 22.3 million parameters at
// x4; "A": 20, 6, 32); x2, x3, x4. The network works on values of [0, 255].
// Configuration: blocks (D), layers (C), growth (G), features (G0), range (255).
// Deviation: none from the port. The authors' own weights are Torch7 files without names; they
// cannot be loaded.
class Rdn : public Model {
 public:
  Rdn(int scale, const Json &json, const Scope &scope) : Model(scale) {
    check_scale("rdn", scale, {2, 3, 4});
    Config config(json, "rdn");
    const int64_t blocks = config.number("blocks", 16, 1, 256);
    const int64_t layers = config.number("layers", 8, 1, 64);
    const int64_t growth = config.number("growth", 64, 1, 1024);
    const int64_t features = config.number("features", 64, 1, 1024);
    range_ = config.real("range", 255);
    config.done();
    shallow1_ = Conv(scope("SFENet1"), 3, features, 3);
    shallow2_ = Conv(scope("SFENet2"), features, features, 3);
    for (int64_t d = 0; d < blocks; ++d) {
      const Scope names = scope("RDBs", d);
      Block block;
      for (int64_t c = 0; c < layers; ++c) {
        block.layers.emplace_back(names("convs", c)("conv", 0), features + c * growth, growth, 3);
      }
      block.fusion = Conv(names("LFF"), features + layers * growth, features, 1);
      blocks_.push_back(std::move(block));
    }
    global_fusion1_ = Conv(scope("GFF", 0), blocks * features, features, 1);
    global_fusion2_ = Conv(scope("GFF", 1), features, features, 3);
    enlarge_ = SubPixel(scope("UPNet"), growth, scale, features);
    last_ = Conv(scope("UPNet", 2 * static_cast<int64_t>(enlarge_.convs.size())), growth, 3, 3);
  }

  int receptive_field() const override {
    // Two shallow convolutions, one a layer, the fusion's 3x3, the enlarging ones and the last.
    return static_cast<int>(2 + blocks_.size() * blocks_[0].layers.size() + 1 + 2);
  }

  Tensor upscale(const Tensor &x_lr, const Latents &) const override {
    const Tensor shallow = shallow1_(x_lr * range_);
    Tensor x = shallow2_(shallow);
    std::vector<Tensor> locals;
    for (const Block &block : blocks_) locals.push_back(x = block(x));
    x = global_fusion2_(global_fusion1_(at::cat(locals, 1))) + shallow;
    return last_(enlarge_(x)) / range_;
  }

 private:
  double range_;
  Conv shallow1_, shallow2_;
  std::vector<Block> blocks_;
  Conv global_fusion1_, global_fusion2_;
  SubPixel enlarge_;
  Conv last_;
};

}  // namespace

std::unique_ptr<Model> make_rdn(int scale, const Json &config, const Scope &scope) {
  return std::make_unique<Rdn>(scale, config, scope);
}

}  // namespace hcd::models
