// SPDX-License-Identifier: BSD-2-Clause
#include "models/rrdb.h"

namespace hcd::models {
namespace {

Tensor twice(const Tensor &x) { return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}); }

}  // namespace

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
    trunk_.emplace_back(scope("RRDB_trunk", b), features, growth);
  }
  trunk_end_ = Conv(scope("trunk_conv"), features, features, 3);
  up1_ = Conv(scope("upconv1"), features, features, 3);
  up2_ = Conv(scope("upconv2"), features, features, 3);
  hr_ = Conv(scope("HRconv"), features, features, 3);
  last_ = Conv(scope("conv_last"), features, 3, 3);
}

int Rrdb::receptive_field() const {
  // The first, the blocks, the trunk's last; one convolution at x2 and three at x4 reach 2.
  return 1 + RrdbBlock::kReach * static_cast<int>(trunk_.size()) + 1 + 2;
}

Tensor Rrdb::upscale(const Tensor &x_lr, const Latents &) const {
  const Tensor shallow = first_(x_lr);
  Tensor x = shallow;
  for (const RrdbBlock &block : trunk_) x = block(x);
  x = trunk_end_(x) + shallow;
  x = lrelu(up1_(twice(x)));
  x = lrelu(up2_(twice(x)));
  return last_(lrelu(hr_(x)));
}

}  // namespace hcd::models
