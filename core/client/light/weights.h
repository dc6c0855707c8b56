// SPDX-License-Identifier: BSD-2-Clause
// Weight files of light networks.
#pragma once

#include <string>

#include "files/safetensors.h"

namespace hcd::client {

// Differences (files/differences.h) are added to the built-in weights of the model and scale that
// the file names. Throws HCD_E_FILE.
files::Safetensors open_light(const std::string &path);

}  // namespace hcd::client
