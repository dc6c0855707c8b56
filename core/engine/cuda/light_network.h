// SPDX-License-Identifier: BSD-2-Clause
// Runs a light network on a GPU.
#pragma once

#include <memory>

#include "client/network.h"
#include "engine/cuda/device.h"

namespace hcd::cuda {

// What `host`, a light network (host.light() is not nullptr), does, on the device: pictures and
// tapes lie in its memory, and work is queued. In whole numbers where `host` computes in them, with
// the same bits; float32 differs from it by rounding. `host` may go; the device must stay. One
// thread at a time; Run does not matter.
//
// Since nobody waits for a result here, a NaN or an infinity in one is reported late: by the next
// forward() or backward() that begins after the device is done with it, or by check_results().
//
// Device memory while a call runs: two levels as wide as the widest neighbours, 4 bytes (int16: 2)
// a channel and LR pixel; a tape: a byte for 8 channels of each layer whose activation bends.
std::unique_ptr<client::Network> make_light_network(std::shared_ptr<Device> device,
                                                    const client::Network &host);

}  // namespace hcd::cuda
