// SPDX-License-Identifier: BSD-2-Clause
// FIRN, Fast Invertible Rescaling Net: IRN with light subnets. No paper; defined by
// github.com/qwopqwop200/Fast-Invertible-Rescaling-Net, commit 871733f.
#include "models/config.h"
#include "models/coupling.h"
#include "models/registry.h"

namespace hcd::models {
namespace {

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

Coupling make_coupling(const Scope &scope, int64_t channels) {
  const int64_t a = Coupling::kSplit, b = channels - a;
  const Conv reduce = xavier_conv(scope("reduce_conv", 0), b, b / 2, 1, kInitial);
  const DistillationBlock f(scope("F"), b / 2, a, 0.5);
  return {[=](const Tensor &x) { return f(lrelu(reduce(x))); },
          DistillationBlock(scope("G"), a, b, 3), DistillationBlock(scope("H"), a, b, 3),
          /*reach=*/4 + 5};  // 3x3 convolutions one after the other in F, and in G
}

}  // namespace

// Published: x2 and x4, 8 coupling blocks per Haar step; the x4 weights want a latent drawn from
// N(0, 1), since they read values near 0 as information. Configuration: blocks, one number per
// factor of 2.
std::unique_ptr<Model> make_firn(int scale, const Json &json, const Scope &scope) {
  Config config(json, "firn");
  const auto blocks = config.numbers("blocks", std::vector<int64_t>(scale == 2 ? 1 : 2, 8));
  config.done();
  return std::make_unique<HaarCouplingNet>("firn", scale, blocks, scope, make_coupling);
}

}  // namespace hcd::models
