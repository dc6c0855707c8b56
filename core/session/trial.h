// SPDX-License-Identifier: BSD-2-Clause
// Whether learned steps hold for other weights than those they were fitted to.
#pragma once

#include <memory>

#include "client/network.h"
#include "session/settings.h"

namespace hcd::session {

// What the learned steps that `s` asks for take off the loss mixed, which is 1 at the start, on the
// picture of discs, at the ratios that `hr` has to `lr`.
double gain_of_learned(const DownSettings &s, std::shared_ptr<client::Network> network,
                       const hcd_format &hr, const hcd_format &lr, ThreadPool &pool);

}  // namespace hcd::session
