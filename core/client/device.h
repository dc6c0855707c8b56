// SPDX-License-Identifier: BSD-2-Clause
// The option `device`, and the GPU that it names.
#pragma once

#include <memory>
#include <string>

#include "client/backend.h"

namespace hcd::client {

struct Device {
  enum class Kind { kAuto, kCpu, kCuda };
  Kind kind = Kind::kCpu;
  int index = -1;  // of a CUDA device; -1: not said
};

// Reads "auto", "cpu", "cuda" (the first one, or the one where the frames lie) or "cuda:N"; throws
// HCD_E_OPTION for anything else.
Device parse_device(const std::string &text);

// Opens libhcd-cuda, and a GPU as CudaBackend::open() does. Throws HCD_E_DEVICE with what is
// missing. Thread-safety: any thread.
std::unique_ptr<Gpu> open_gpu(int index, void *context);
// Whether there seems to be a GPU, even if it cannot be opened. Throws where memory is short alone.
bool has_gpu();

}  // namespace hcd::client
