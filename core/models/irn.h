// SPDX-License-Identifier: BSD-2-Clause
// IRN. Xiao, Zheng, Liu, Wang, He, Ke, Bian, Lin, Liu, "Invertible Image Rescaling", ECCV 2020.
#pragma once

#include "models/config.h"
#include "models/coupling.h"

namespace hcd::models {

// Published: x2 and x4, 8 coupling blocks per Haar step, dense blocks of growth 32; latent drawn
// from N(0, 1). Configuration: growth; blocks, one number per factor of 2. Training starts from the
// Haar transform: every subnet gives 0.
class Irn : public HaarCouplingNet {
 public:
  Irn(int scale, const nlohmann::json &config, Params &params);

 private:
  struct Sizes {
    Sizes(int scale, const nlohmann::json &json);
    int64_t growth;
    std::vector<int64_t> blocks;
  };
  Irn(int scale, const Sizes &sizes, Params &params);
};

}  // namespace hcd::models
