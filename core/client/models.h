// SPDX-License-Identifier: BSD-2-Clause
// The models of this build, and the process-wide cache of opened networks.
#pragma once

#include <hcd/hcd.h>

#include <memory>
#include <string>

#include "base/log.h"
#include "client/network.h"

namespace hcd::client {

// All models, ended by an entry without a name.
const hcd_model_info *models();

// Their names as a text for messages: "bilinear, bicubic, ..., or torchscript".
std::string model_names();

bool is_network(const std::string &model);

// Words of the options `latent` and `precision`.
Latent parse_latent(const std::string &text);
Precision parse_precision(const std::string &text);

// Throws HCD_E_OPTION where the network cannot do without a file, or has not that scale (0: any).
void check_network(const std::string &model, const std::string &weights, double scale);

// Opens a network once for all contexts of the process that use it at the same time: filter graphs
// are rebuilt in mid-stream.
std::shared_ptr<Network> open_network(const NetworkRequest &request, const Log &log);

}  // namespace hcd::client
