// SPDX-License-Identifier: BSD-2-Clause
// What is said of a weight file that cannot be used.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace hcd::files {

// `text` from a file, fit for a message: "?" for all but printable ASCII, and no more than its
// first 100 bytes.
std::string printable(std::string_view text);

// HCD_E_FILE, "weights '<file>': <what>".
Error weights_error(const std::string &file, const std::string &what);

}  // namespace hcd::files
