// SPDX-License-Identifier: BSD-2-Clause
// A model of core/models as a pair (g, f).
#pragma once

#include "torch/functions.h"

namespace hcd::torch_backend {

// Opens the request's weights, its own file or the built-in ones, and makes the model that they are
// for. Throws HCD_E_FILE, or HCD_E_OPTION where the scale is not the model's.
std::unique_ptr<Functions> load_native(const net::NetworkRequest &request, at::Device device);

}  // namespace hcd::torch_backend
