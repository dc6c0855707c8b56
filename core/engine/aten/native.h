// SPDX-License-Identifier: BSD-2-Clause
// A model of core/models as a pair (g, f).
#pragma once

#include <cstdint>
#include <span>

#include "engine/aten/functions.h"

namespace hcd::aten {

// Makes the model of the request's weights: of `bytes` where libhcd has read them already, else of
// the request's file or this library's built-in ones. Throws HCD_E_FILE, or HCD_E_OPTION where the
// scale is not the model's.
std::unique_ptr<Functions> load_native(const client::NetworkRequest &request,
                                       std::span<const uint8_t> bytes, at::Device device);

}  // namespace hcd::aten
