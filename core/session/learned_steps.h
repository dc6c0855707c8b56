// SPDX-License-Identifier: BSD-2-Clause
// Learned steps that are in the library.
#pragma once

#include <string>
#include <vector>

#include "descent/learned.h"

namespace hcd::session {

// Of a client by its name, at that ratio; empty where none were fitted.
std::vector<descent::LearnedStep> learned_steps(const std::string &client, int scale);
// The same where `lr` is what a whole factor makes of `hr`, with luma by itself; else empty.
std::vector<descent::LearnedStep> learned_steps(const std::string &client, const hcd_format &hr,
                                                const hcd_format &lr);

}  // namespace hcd::session
