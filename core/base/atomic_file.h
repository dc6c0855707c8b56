// SPDX-License-Identifier: BSD-2-Clause
// Files that are there whole or not at all, whenever the process or the machine stops.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hcd {

// Writes `path` through "<path>.part" in the same folder, which is flushed to the disk before it
// takes the name. An older file stays until then. Throws HCD_E_FILE.
void write_atomically(const std::string &path, std::span<const uint8_t> bytes);

}  // namespace hcd
