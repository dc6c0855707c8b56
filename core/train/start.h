// SPDX-License-Identifier: BSD-2-Clause
// The weights that a tuning starts from.
#pragma once

#include <string>

#include "client/weights_label.h"
#include "files/safetensors.h"

namespace hcd::train {

struct Start {
  files::Safetensors file;
  client::WeightsLabel label;  // model and scale are said
  bool built_in = false;       // whoever enlarges has them too
};

// `path`: a weight file of a light network; "": those of lite that are in the library. Throws
// HCD_E_FILE.
Start read_start(const std::string &path);

}  // namespace hcd::train
