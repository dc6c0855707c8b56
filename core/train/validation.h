// SPDX-License-Identifier: BSD-2-Clause
// How good a network is on the held-out pictures.
#pragma once

#include "train/data_set.h"
#include "train/learner.h"
#include "train/recipe.h"

namespace hcd::train {

// Mean PSNR in dB of BT.601 luma over the held-out pictures, as the literature measures it: made
// small by g in 8 bits (where the recipe says so), enlarged, rounded to 8 bits, `scale` pixels cut
// on each side.
double validation_psnr(const Recipe &recipe, const Network &network, const DataSet &data);

// What f restores of the held-out pictures, the mean over all their coded versions.
struct Fidelity {
  double psnr_y = 0;       // dB, of 8-bit values, nothing cut off
  double lost_detail = 0;  // see engine/aten/detail.h
};
Fidelity validation_fidelity(const Network &network, const DataSet &data);

}  // namespace hcd::train
