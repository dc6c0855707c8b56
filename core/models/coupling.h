// SPDX-License-Identifier: BSD-2-Clause
// The invertible network that IRN and FIRN share: Haar steps and coupling blocks.
#pragma once

#include <vector>

#include "models/model.h"

namespace hcd::models {

// Affine coupling of the first 3 channels a, which become the LR picture, and the others b (IRN,
// section 3.2): a' = a + F(b), b' = b exp(s) + G(a') with s = 2 sigmoid(H(a')) - 1.
struct Coupling {
  static constexpr int64_t kSplit = 3;
  Layer f, g, h;  // [N, in, h, w] to [N, out, h, w]
  int reach;      // pixels on each side that f and g together look

  // [N, C, h, w] to the same.
  Tensor forward(const Tensor &x) const;
  Tensor inverse(const Tensor &y) const;
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
                  const Scope &scope, const MakeCoupling &make);

  int scale() const override { return scale_; }
  int receptive_field() const override;
  std::vector<LatentShape> latents() const override;
  Tensor upscale(const Tensor &x_lr, const Latents &z) const override;
  bool has_downscale() const override { return true; }
  Downscaled downscale(const Tensor &y_hr) const override;

 private:
  struct Level {
    Haar haar;
    std::vector<Coupling> couplings;
  };
  int scale_;
  std::vector<Level> levels_;
};

}  // namespace hcd::models
