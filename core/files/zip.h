// SPDX-License-Identifier: BSD-2-Clause
// Zip archives as PyTorch writes them: entries that are stored as they are, each with a checksum.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hcd::files {

// Whether `bytes` begin as an archive does.
bool starts_as_zip(std::span<const uint8_t> bytes);

// What is wrong with an archive; "" if nothing is. Compares the checksums of all stored entries:
// LibTorch itself does not look at them, and would run a network whose weights were damaged on the
// way. What is in zip64 (4 GiB or more) is not looked at.
std::string zip_fault(std::span<const uint8_t> bytes);

}  // namespace hcd::files
