// SPDX-License-Identifier: BSD-2-Clause
// Whether a zip archive is whole. LibTorch itself does not look at the checksums: it would run a
// network whose weights were damaged on the way.
#pragma once

#include <cstddef>
#include <string>

namespace hcd::shim {

// What is wrong with the zip archive in `bytes`; "" if nothing is. Entries that are compressed are
// left to the reader, whose decoder notices; so is what zip64 describes (entries over 4 GiB).
std::string zip_fault(const std::string &bytes);

}  // namespace hcd::shim
