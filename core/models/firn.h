// SPDX-License-Identifier: BSD-2-Clause
// FIRN, Fast Invertible Rescaling Net: IRN with light subnets. No paper; defined by
// github.com/qwopqwop200/Fast-Invertible-Rescaling-Net, commit 871733f.
#pragma once

#include "models/config.h"
#include "models/coupling.h"

namespace hcd::models {

// Published: x2 and x4, 8 coupling blocks per Haar step; the x4 weights want a latent drawn from
// N(0, 1), since they read values near 0 as information. Configuration: blocks, one number per
// factor of 2.
class Firn : public HaarCouplingNet {
 public:
  Firn(int scale, const nlohmann::json &config, Params &params);
};

}  // namespace hcd::models
