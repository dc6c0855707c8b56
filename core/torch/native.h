// SPDX-License-Identifier: BSD-2-Clause
// A model of core/models as a pair (g, f).
#pragma once

#include <cstdint>
#include <span>

#include "torch/functions.h"

namespace hcd::torch_backend {

// Opens the request's weights, its own file or the built-in ones (`built_in`, or where that is
// empty those of this library), and makes the model that they are for. Throws HCD_E_FILE, or
// HCD_E_OPTION where the scale is not the model's.
std::unique_ptr<Functions> load_native(const net::NetworkRequest &request,
                                       std::span<const uint8_t> built_in, at::Device device);

}  // namespace hcd::torch_backend
