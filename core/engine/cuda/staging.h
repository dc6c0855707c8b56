// SPDX-License-Identifier: BSD-2-Clause
// Pinned memory of the host, through which frames of the host go to the device and come back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/cuda/device.h"

namespace hcd::cuda {

// One block of it. Everything throws hcd::Error.
class Staging {
 public:
  explicit Staging(std::shared_ptr<Device> device) : device_(std::move(device)) {}
  ~Staging();
  Staging(const Staging &) = delete;
  Staging &operator=(const Staging &) = delete;

  // `bytes` of it, to be written; waits until the device has done with what was there.
  uint8_t *take(size_t bytes);
  // What is queued by now is the last that uses what take() gave.
  void queued();
  // Until that is done; throws what failed in it.
  void wait();

 private:
  std::shared_ptr<Device> device_;
  void *memory_ = nullptr;
  size_t bytes_ = 0;
  Event done_ = nullptr;
};

}  // namespace hcd::cuda
