// SPDX-License-Identifier: BSD-2-Clause
// What a weight file says of itself (metadata hcd.*), and whether that is what was asked for.
#pragma once

#include <string>

#include "client/catalogue.h"
#include "files/safetensors.h"

namespace hcd::client {

struct WeightsLabel {
  std::string model;  // "": not said
  int scale = 0;      // 0: not said
  std::string config = "{}";
  std::string latent;  // what f was trained to get: "zero", "sample"; "": as the paper's
  std::string
      downscaler;  // a kernel of image/kernel.h that stands in for a missing g; "": not said
};

// Throws HCD_E_FILE, "weights '<name>': metadata hcd.<key>: expected ..., found ...".
WeightsLabel read_label(const files::Safetensors &file);

// The weights of a light network. Differences (files/differences.h) are added to the built-in
// weights of the model and scale that the file names. Throws HCD_E_FILE.
files::Safetensors open_light(const std::string &path);
files::Safetensors expand_light(files::Safetensors file);

// Throws HCD_E_FILE unless the file is of the model that was asked for, or of its kind: irn runs
// what irn-small is.
void check_kind(const NetworkEntry &entry, const files::Safetensors &file,
                const WeightsLabel &label);

// The scale that is meant where no file says it.
int default_scale(const NetworkEntry &entry, int wanted);

// The scale of the network. Throws HCD_E_OPTION where the file, the model and the request disagree.
int decide_scale(const NetworkRequest &request, const NetworkEntry &entry,
                 const files::Safetensors &file, const WeightsLabel &label);

// HCD_E_FILE: there are no weights of this model, and where to get some.
[[noreturn]] void fail_without_weights(const NetworkEntry &entry, int scale);

}  // namespace hcd::client
