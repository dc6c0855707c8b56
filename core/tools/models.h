// SPDX-License-Identifier: BSD-2-Clause
// The subcommand models: what clients there are.
#pragma once

namespace hcd::tools {

// Prints one model a line, name first, or a JSON array.
void run_models(bool json);

}  // namespace hcd::tools
