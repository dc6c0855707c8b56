// SPDX-License-Identifier: BSD-2-Clause
// The subcommand models: what clients there are.
#pragma once

namespace hcd::tools {

enum class ModelsFormat { kLines, kLong, kJson };

// Prints one model a line, name first; or the networks with their figures, one line a scale; or a
// JSON array with all that is known.
void run_models(ModelsFormat format);

}  // namespace hcd::tools
