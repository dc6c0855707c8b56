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

  // The option device for LibTorch: where the frames lie, or as `asked`.
  std::string device_of_libtorch(const std::string &asked) const;
  // Planes go where LibTorch runs `network`. Where this build has no engine for that GPU they stay
  // in the host's memory, and `log` is told.
  void follow(const client::Network &network, ThreadPool &pool, const Log &log);
  // A network for the engine's pictures: a light one is made anew on the GPU.
  std::shared_ptr<client::Network> place(std::shared_ptr<client::Network> network) const;
};

// For frames of that format. "auto" takes the GPU where one is usable, and tells `log`; for the
// networks that LibTorch runs that is decided when they are opened, and followed. Throws
// HCD_E_DEVICE with what is missing, HCD_E_OPTION and HCD_E_FORMAT where device, model and frames
// do not go together.
Processor choose_processor(const std::string &device, const std::string &model,
                           const hcd_format &format, int async_depth, ThreadPool &pool,
                           const Log &log);

}  // namespace hcd::session
