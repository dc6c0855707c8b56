// SPDX-License-Identifier: BSD-2-Clause
// Ctrl-C and SIGTERM as a wish to end soon.
#pragma once

namespace hcd::train {

// From now on the first SIGINT or SIGTERM is a wish; the second one ends the program at once.
void install_stop_handlers();
bool stop_requested();

// Thrown where there is nothing worth a checkpoint yet.
struct Stopped {};

}  // namespace hcd::train
