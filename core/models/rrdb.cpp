// SPDX-License-Identifier: BSD-2-Clause
#include "models/rrdb.h"

namespace hcd::models {
namespace {

constexpr double kResidualScale = 0.2;

Tensor twice(const Tensor &x) { return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}); }

}  // namespace

Tensor Rrdb::DenseBlock::operator()(const Tensor &x) const {
  Tensor features = x;
  for (size_t i = 0; i + 1 < convs.size(); ++i) {
    features = at::cat({features, lrelu(convs[i](features))}, 1);
  }
  return convs.back()(features) * kResidualScale + x;
}

Tensor Rrdb::Block::operator()(const Tensor &x) const {
  return dense[2](dense[1](dense[0](x))) * kResidualScale + x;
}

Rrdb::Rrdb(int scale, const nlohmann::json &json, Params &params) {
  check_scale("rrdb", scale, {4});
  Config config(json, "rrdb");
  const int64_t blocks = config.number("blocks", 23, 1, 256);
  const int64_t features = config.number("features", 64, 1, 1024);
  const int64_t growth = config.number("growth", 32, 1, 1024);
  config.done();
  const Scope scope(params);
  first_ = Conv(scope("conv_first"), 3, features, 3);
  for (int64_t b = 0; b < blocks; ++b) {
    Block block;
    for (int64_t d = 0; d < 3; ++d) {
      const Scope names = scope("RRDB_trunk", b)("RDB" + std::to_string(d + 1));
      for (int64_t c = 0; c < 5; ++c) {
        block.dense[static_cast<size_t>(d)].convs[static_cast<size_t>(c)] =
            Conv(names("conv" + std::to_string(c + 1)), features + c * growth,
                 c < 4 ? growth : features, 3);
      }
    }
    trunk_.push_back(std::move(block));
  }
  trunk_end_ = Conv(scope("trunk_conv"), features, features, 3);
  up1_ = Conv(scope("upconv1"), features, features, 3);
  up2_ = Conv(scope("upconv2"), features, features, 3);
  hr_ = Conv(scope("HRconv"), features, features, 3);
  last_ = Conv(scope("conv_last"), features, 3, 3);
}

int Rrdb::receptive_field() const {
  // The first, 15 convolutions a block, the trunk's last; one at x2 and three at x4 reach 2.
  return static_cast<int>(1 + 15 * trunk_.size() + 1 + 2);
}

Tensor Rrdb::upscale(const Tensor &x_lr, const Latents &) const {
  const Tensor shallow = first_(x_lr);
  Tensor x = shallow;
  for (const Block &block : trunk_) x = block(x);
  x = trunk_end_(x) + shallow;
  x = lrelu(up1_(twice(x)));
  x = lrelu(up2_(twice(x)));
  return last_(lrelu(hr_(x)));
}

}  // namespace hcd::models
