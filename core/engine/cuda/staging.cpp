// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/staging.h"

#include "base/error.h"

namespace hcd::cuda {

Staging::~Staging() {
  try {
    const Device::Current current(*device_);
    if (done_) {
      driver().event_synchronize(done_);
      driver().event_destroy(done_);
    }
    if (memory_) driver().host_free(memory_);
  } catch (const Error &) {  // a lost device
  }
}

uint8_t *Staging::take(size_t bytes) {
  const Device::Current current(*device_);
  const Driver &d = driver();
  constexpr unsigned kNoTiming = 2;
  if (done_) {
    d.check(d.event_synchronize(done_), "cuEventSynchronize");
  } else {
    d.check(d.event_create(&done_, kNoTiming), "cuEventCreate");
  }
  if (bytes > bytes_) {
    if (memory_) d.host_free(memory_);
    memory_ = nullptr;
    bytes_ = 0;
    d.check(d.host_allocate(&memory_, bytes, 0), "cuMemHostAlloc");
    bytes_ = bytes;
  }
  return static_cast<uint8_t *>(memory_);
}

void Staging::wait() {
  const Device::Current current(*device_);
  driver().check(driver().event_synchronize(done_), "cuEventSynchronize");
}

void Staging::queued() {
  const Device::Current current(*device_);
  driver().check(driver().event_record(done_, device_->stream()), "cuEventRecord");
}

}  // namespace hcd::cuda
