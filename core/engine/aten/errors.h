// SPDX-License-Identifier: BSD-2-Clause
// From LibTorch's exceptions to hcd::Error, the only one that leaves this library.
#pragma once

#include <exception>
#include <string>

#include "base/error.h"

namespace hcd::aten {

// The telling line of a LibTorch message, without backtraces and interpreter stacks.
std::string short_text(const std::string &message);

// What `failure` is to the user. `context` goes in front ("weights 'x.pt': method upscale"). Lack
// of memory becomes HCD_E_MEMORY, a failure of the GPU HCD_E_DEVICE, all else HCD_E_FILE: what a
// module does wrong is a fault of its file.
Error translate(const std::string &context, const std::exception &failure);

// Runs `work`; what it throws leaves as hcd::Error.
template <typename Work>
auto guarded(const std::string &context, const Work &work) {
  try {
    return work();
  } catch (const Error &) {
    throw;
  } catch (const std::exception &failure) {
    throw translate(context, failure);
  }
}

}  // namespace hcd::aten
