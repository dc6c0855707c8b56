// SPDX-License-Identifier: BSD-2-Clause
#include "models/coupling.h"

#include "base/error.h"

namespace hcd::models {
namespace {

constexpr int64_t kLrChannels = Coupling::kSplit;

// s of the coupling: 2 sigmoid(h) - 1 = tanh(h / 2).
Tensor log_scale(const Tensor &h) { return at::tanh(h.mul(0.5)); }

}  // namespace

Tensor Coupling::forward(const Tensor &x) const {
  const Tensor a = x.narrow(1, 0, kSplit), b = x.narrow(1, kSplit, x.size(1) - kSplit);
  const Tensor a_new = a + f(b);
  const Tensor b_new = at::addcmul(g(a_new), b, at::exp(log_scale(h(a_new))));
  return at::cat({a_new, b_new}, 1);
}

Tensor Coupling::inverse(const Tensor &y) const {
  const Tensor a_new = y.narrow(1, 0, kSplit), b_new = y.narrow(1, kSplit, y.size(1) - kSplit);
  const Tensor b = (b_new - g(a_new)) * at::exp(-log_scale(h(a_new)));
  return at::cat({a_new - f(b), b}, 1);
}

HaarCouplingNet::HaarCouplingNet(const char *name, int scale, const std::vector<int64_t> &blocks,
                                 const Scope &scope, const MakeCoupling &make)
    : scale_(scale) {
  check_scale(name, scale, {2, 4});
  const size_t levels = scale == 2 ? 1 : 2;
  HCD_CHECK(blocks.size() == levels, HCD_E_FILE,
            "configuration of %s: blocks: expected %zu numbers at scale %d, found %zu", name,
            levels, scale, blocks.size());
  int64_t channels = kLrChannels, index = 0;
  for (const int64_t count : blocks) {
    Level level{Haar(scope("operations", index++), channels), {}};
    channels *= 4;
    for (int64_t i = 0; i < count; ++i) {
      level.couplings.push_back(make(scope("operations", index++), channels));
    }
    levels_.push_back(std::move(level));
  }
}

int HaarCouplingNet::receptive_field() const {
  int reach = 0;  // from the HR picture down; at half the size, half as many pixels
  for (const Level &level : levels_) {
    reach = (reach + 1) / 2;
    for (const Coupling &coupling : level.couplings) reach += coupling.reach;
  }
  return reach;
}

std::vector<LatentShape> HaarCouplingNet::latents() const {
  return {{kLrChannels * scale_ * scale_ - kLrChannels, 1}};
}

Downscaled HaarCouplingNet::downscale(const Tensor &y_hr) const {
  Tensor x = y_hr;
  for (const Level &level : levels_) {
    x = level.haar.forward(x);
    for (const Coupling &coupling : level.couplings) x = coupling.forward(x);
  }
  return {x.narrow(1, 0, kLrChannels), {x.narrow(1, kLrChannels, x.size(1) - kLrChannels)}};
}

Tensor HaarCouplingNet::upscale(const Tensor &x_lr, const Latents &z) const {
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

}  // namespace hcd::models
