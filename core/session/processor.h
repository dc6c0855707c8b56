// SPDX-License-Identifier: BSD-2-Clause
// Where a session computes: what the option device and the frames come to.
#pragma once

#include <hcd/hcd.h>

#include <memory>
#include <string>

#include "base/log.h"
#include "client/backend.h"
#include "client/network.h"
#include "engine/engine.h"

namespace hcd::session {

struct Processor {
  std::shared_ptr<client::Gpu> gpu;  // nullptr: the CPU
  std::unique_ptr<Engine> engine;
  Log log;
  int async_depth = 2;  // frames under way at once, where the engine has more than one

  // A light network where the engine's memory is; any other as it is, for the CPU.
  std::shared_ptr<client::Network> place(std::shared_ptr<client::Network> network) const;
};

// For frames of that format. `model`: networks on LibTorch see planes of the host, wherever they
// run themselves. "auto" takes the GPU where one is usable, and tells `log`. Throws HCD_E_DEVICE
// with what is missing, HCD_E_OPTION and HCD_E_FORMAT where device, model and frames do not go
// together.
Processor choose_processor(const std::string &device, const std::string &model,
                           const hcd_format &format, int async_depth, ThreadPool &pool,
                           const Log &log);

}  // namespace hcd::session
