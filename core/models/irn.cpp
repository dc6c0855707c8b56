// SPDX-License-Identifier: BSD-2-Clause
// IRN. Xiao, Zheng, Liu, Wang, He, Ke, Bian, Lin, Liu, "Invertible Image Rescaling", ECCV 2020.
// FIRN, Fast Invertible Rescaling Net: IRN with light subnets. No paper; defined by
// github.com/qwopqwop200/Fast-Invertible-Rescaling-Net, commit 871733f.
#include "models/config.h"
#include "models/dense_block.h"
#include "models/registry.h"

namespace hcd::models {
namespace {

// ---- the network ----

// s of the coupling: 2 sigmoid(h) - 1 = tanh(h / 2).
Tensor log_scale(const Tensor &h) { return at::tanh(h.mul(0.5)); }

// Affine coupling of the first 3 channels a, which become the LR picture, and the others b (IRN,
// section 3.2): a' = a + F(b), b' = b exp(s) + G(a') with s = 2 sigmoid(H(a')) - 1.
struct Coupling {
  static constexpr int64_t kSplit = 3;
  Layer f, g, h;  // [N, in, h, w] to [N, out, h, w]
  int reach;      // pixels on each side that f and g together look

  // [N, C, h, w] to the same.
  Tensor forward(const Tensor &x) const {
    const Tensor a = x.narrow(1, 0, kSplit), b = x.narrow(1, kSplit, x.size(1) - kSplit);
    const Tensor a_new = a + f(b);
    const Tensor b_new = at::addcmul(g(a_new), b, at::exp(log_scale(h(a_new))));
    return at::cat({a_new, b_new}, 1);
  }
  Tensor inverse(const Tensor &y) const {
    const Tensor a_new = y.narrow(1, 0, kSplit), b_new = y.narrow(1, kSplit, y.size(1) - kSplit);
    const Tensor b = (b_new - g(a_new)) * at::exp(-log_scale(h(a_new)));
    return at::cat({a_new - f(b), b}, 1);
  }
};

// Per factor of 2 a Haar step and some coupling blocks. x_lr is the first 3 channels, neither
// clamped nor rounded; z the others: 9 (x2) or 45 (x4) channels at LR size.
class HaarCouplingNet : public Model {
 public:
  // A coupling block of `channels` channels.
  using MakeCoupling = std::function<Coupling(const Scope &scope, int64_t channels)>;

  // `blocks`: coupling blocks after each Haar step, log2(scale) numbers. Throws HCD_E_OPTION unless
  // `scale` is 2 or 4, HCD_E_FILE where there are more or fewer numbers.
  HaarCouplingNet(const char *name, int scale, const std::vector<int64_t> &blocks,
                  const Scope &scope, const MakeCoupling &make)
      : Model(scale) {
    check_scale(name, scale, {2, 4});
    const size_t levels = scale == 2 ? 1 : 2;
    HCD_CHECK(blocks.size() == levels, HCD_E_FILE,
              "configuration of %s: blocks: expected %zu numbers at scale %d, found %zu", name,
              levels, scale, blocks.size());
    int64_t channels = Coupling::kSplit, index = 0;
    for (const int64_t count : blocks) {
      Level level{Haar(scope("operations", index++), channels), {}};
      channels *= 4;
      for (int64_t i = 0; i < count; ++i) {
        level.couplings.push_back(make(scope("operations", index++), channels));
      }
      levels_.push_back(std::move(level));
    }
  }

  int receptive_field() const override {
    int reach = 0;  // from the HR picture down; at half the size, half as many pixels
    for (const Level &level : levels_) {
      reach = (reach + 1) / 2;
      for (const Coupling &coupling : level.couplings) reach += coupling.reach;
    }
    return reach;
  }

  std::vector<LatentShape> latents() const override {
    return {{Coupling::kSplit * scale_ * scale_ - Coupling::kSplit, 1}};
  }

  bool has_downscale() const override { return true; }

  Downscaled downscale(const Tensor &y_hr) const override {
    Tensor x = y_hr;
    for (const Level &level : levels_) {
      x = level.haar.forward(x);
      for (const Coupling &coupling : level.couplings) x = coupling.forward(x);
    }
    return {x.narrow(1, 0, Coupling::kSplit),
            {x.narrow(1, Coupling::kSplit, x.size(1) - Coupling::kSplit)}};
  }

  Tensor upscale(const Tensor &x_lr, const Latents &z) const override {
    Tensor y = at::cat({x_lr, z.at(0)}, 1);
    for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
      for (auto coupling = level->couplings.rbegin(); coupling != level->couplings.rend();
           ++coupling) {
        y = coupling->inverse(y);
      }
      y = level->haar.inverse(y);
    }
    return y;
  }

 private:
  struct Level {
    Haar haar;
    std::vector<Coupling> couplings;
  };
  std::vector<Level> levels_;
};

// ---- FIRN's subnets ----

constexpr double kInitial = 0.1;  // of Xavier's deviation, as IRN

// Distillation with pixel attention: three stages that each put a 1x1 convolution's output aside.
struct DistillationBlock {
  // One stage: what is put aside, and the residual trunk.
  struct Stage {
    Conv distill, trunk;
  };

  // `width`: of the distilled maps in parts of `in`; above 1 a convolution first widens the trunk.
  DistillationBlock(const Scope &scope, int64_t in, int64_t out, double width) {
    const auto distilled = static_cast<int64_t>(static_cast<double>(in) * width);
    const int64_t trunk = width > 1 ? distilled : in;
    if (width > 1) expand = xavier_conv(scope("expandconv"), in, trunk, 3, kInitial);
    for (const char *name : {"c1", "c2", "c3"}) {
      const std::string stage = name;
      stages.push_back({xavier_conv(scope(stage + "_d"), trunk, distilled, 1, kInitial),
                        xavier_conv(scope(stage + "_r"), trunk, trunk, 3, kInitial)});
    }
    last = xavier_conv(scope("c4"), trunk, distilled, 3, kInitial);
    fuse = xavier_conv(scope("c5"), 4 * distilled, out, 1, 0);
    attention = xavier_conv(scope("PA")("conv"), out, out, 1, kInitial);
  }

  Tensor operator()(const Tensor &input) const {
    Tensor x = expand.weight.defined() ? lrelu(expand(input)) : input;
    std::vector<Tensor> maps;
    for (const Stage &stage : stages) {
      maps.push_back(lrelu(stage.distill(x)));
      x = lrelu(stage.trunk(x) + x);
    }
    maps.push_back(lrelu(last(x)));
    const Tensor fused = fuse(at::cat(maps, 1));
    return fused * at::sigmoid(attention(fused));
  }

  Conv expand;  // without weights where the trunk is as wide as the input
  std::vector<Stage> stages;
  Conv last, fuse, attention;
};

Coupling light_coupling(const Scope &scope, int64_t channels) {
  const int64_t a = Coupling::kSplit, b = channels - a;
  const Conv reduce = xavier_conv(scope("reduce_conv", 0), b, b / 2, 1, kInitial);
  const DistillationBlock f(scope("F"), b / 2, a, 0.5);
  return {[=](const Tensor &x) { return f(lrelu(reduce(x))); },
          DistillationBlock(scope("G"), a, b, 3), DistillationBlock(scope("H"), a, b, 3),
          /*reach=*/4 + 5};  // 3x3 convolutions one after the other in F, and in G
}

}  // namespace

// Published: x2 and x4, 8 coupling blocks per Haar step, dense blocks of growth 32; latent drawn
// from N(0, 1). Configuration: growth; blocks, one number per factor of 2. Training starts from the
// Haar transform: every subnet gives 0.
std::unique_ptr<Model> make_irn(int scale, const Json &json, const Scope &scope) {
  Config config(json, "irn");
  const int64_t growth = config.number("growth", 32, 1, 512);
  const auto blocks = config.numbers("blocks", std::vector<int64_t>(scale == 2 ? 1 : 2, 8));
  config.done();
  const auto make_coupling = [growth](const Scope &names, int64_t channels) {
    const int64_t a = Coupling::kSplit, b = channels - a;
    return Coupling{DenseBlock(names("F"), b, growth, a), DenseBlock(names("G"), a, growth, b),
                    DenseBlock(names("H"), a, growth, b), 2 * DenseBlock::kReach};
  };
  return std::make_unique<HaarCouplingNet>("irn", scale, blocks, scope, make_coupling);
}

// Published: x2 and x4, 8 coupling blocks per Haar step; the x4 weights want a latent drawn from
// N(0, 1), since they read values near 0 as information. Configuration: blocks, one number per
// factor of 2.
std::unique_ptr<Model> make_firn(int scale, const Json &json, const Scope &scope) {
  Config config(json, "firn");
  const auto blocks = config.numbers("blocks", std::vector<int64_t>(scale == 2 ? 1 : 2, 8));
  config.done();
  return std::make_unique<HaarCouplingNet>("firn", scale, blocks, scope, light_coupling);
}

}  // namespace hcd::models
