// SPDX-License-Identifier: BSD-2-Clause
// Networks in sessions.
#pragma once

#include <memory>

#include "engine/cpu/compare.h"
#include "client/network.h"
#include "session/down_model.h"
#include "session/session.h"

namespace hcd::client {}
namespace hcd::session {
using namespace client;
using namespace cpu;

// What a plan depends on, of a network that sees frames of a format.
ModelTraits network_traits(const client::NetworkInfo &info, const hcd_format &format);

// `hr` must be exactly the network's factor larger than `lr`. `start`: see
// make_linear_down_model(); without meaning for a network that brings its own g.
std::unique_ptr<DownModel> make_network_down_model(std::shared_ptr<client::Network> network, int tile,
                                                   const image::Kernel *start, const hcd_format &hr,
                                                   const hcd_format &lr, ThreadPool &pool);

// `out` may be smaller than the enlarged frame: it is cut at the right and the bottom. `seed` and
// the frame decide a latent.
std::unique_ptr<Session> make_network_up_session(std::shared_ptr<client::Network> network, int tile,
                                                 uint64_t seed, const hcd_format &in,
                                                 const hcd_format &out, ThreadPool &pool);

}  // namespace hcd::session
