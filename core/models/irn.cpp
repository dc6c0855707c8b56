// SPDX-License-Identifier: BSD-2-Clause
// IRN. Xiao, Zheng, Liu, Wang, He, Ke, Bian, Lin, Liu, "Invertible Image Rescaling", ECCV 2020.
#include "models/config.h"
#include "models/coupling.h"
#include "models/dense_block.h"
#include "models/registry.h"

namespace hcd::models {

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

}  // namespace hcd::models
