// SPDX-License-Identifier: BSD-2-Clause
// Learned steps that are in the library.
#pragma once

#include <string>
#include <vector>

#include "descent/learned.h"

namespace hcd::session {

// Of a client by its name, at that ratio; empty where none were fitted.
std::vector<descent::LearnedStep> learned_steps(const std::string &client, int scale);

}  // namespace hcd::session
