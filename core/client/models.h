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
// Of the kind that takes any ratio up to kMostRatio, by a linear resize of what it shows.
bool is_light_network(const std::string &model);
inline constexpr int kMostRatio = 4;

// The factor of the light network that serves a ratio: the one that the weights say, else the least
// of the catalogue that is not more than a quarter below, or the largest. 0, where the ratio is:
// left to the weights.
// Throws HCD_E_FILE where they cannot be read.
int factor_for(const std::string &model, const std::string &weights, double ratio);

// Words of the options `latent` and `precision`.
Latent parse_latent(const std::string &text);
Precision parse_precision(const std::string &text);

// Throws HCD_E_OPTION where the network cannot do without a file, or does not take that scale (0:
// any).
void check_network(const std::string &model, const std::string &weights, double scale);

// Opens a network once for all contexts of the process that use it at the same time: filter graphs
// are rebuilt in mid-stream.
std::shared_ptr<Network> open_network(const NetworkRequest &request, const Log &log);

}  // namespace hcd::client
