// SPDX-License-Identifier: BSD-2-Clause
// What a stream says of how it is to be enlarged: an H.264 or HEVC message of the kind "user data
// unregistered", byte by byte in docs/signal.md.
#pragma once

#include <hcd/hcd.h>

#include <cstdint>
#include <span>
#include <vector>

namespace hcd::signal {

// What weights may be sent along: those of a light network are 4 to 200 KB, their differences less.
inline constexpr size_t kMostWeights = 65536;

// Names a file of weights: the CRC-32 of its bytes and their number; 0 for none.
uint64_t key_of(std::span<const uint8_t> weights);

// The message, its UUID first. Throws HCD_E_OPTION for what a message cannot say.
std::vector<uint8_t> write(const hcd_signal &signal);

// Whether a message is one of ours. x265 puts a UUID of its own in front of any other: it is passed
// over here and in read().
bool is_ours(std::span<const uint8_t> message);

// Fills all but struct_size; `weights` points into `message`. Throws HCD_E_FILE for a damaged one.
// HCD_E_FORMAT for one of a later version: the sizes are filled then, and the model is "".
void read(std::span<const uint8_t> message, hcd_signal *signal);

}  // namespace hcd::signal
