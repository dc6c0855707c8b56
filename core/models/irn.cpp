// SPDX-License-Identifier: BSD-2-Clause
#include "models/irn.h"

#include "models/dense_block.h"

namespace hcd::models {

Irn::Sizes::Sizes(int scale, const nlohmann::json &json) {
  Config config(json, "irn");
  growth = config.number("growth", 32, 1, 512);
  blocks = config.numbers("blocks", std::vector<int64_t>(scale == 2 ? 1 : 2, 8));
  config.done();
}

Irn::Irn(int scale, const nlohmann::json &config, Params &params)
    : Irn(scale, Sizes(scale, config), params) {}

Irn::Irn(int scale, const Sizes &sizes, Params &params)
    : HaarCouplingNet(
          "irn", scale, sizes.blocks, params, [&](const Scope &scope, int64_t channels) {
            const int64_t a = Coupling::kSplit, b = channels - a;
            return Coupling{DenseBlock(scope("F"), b, sizes.growth, a),
                            DenseBlock(scope("G"), a, sizes.growth, b),
                            DenseBlock(scope("H"), a, sizes.growth, b), 2 * DenseBlock::kReach};
          }) {}

}  // namespace hcd::models
