// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/driver.h"

#include <dlfcn.h>

#include "base/error.h"

namespace hcd::cuda {
namespace {

constexpr int kLeastDriver = 11040;  // 11.4, the oldest of the R470 branch

bool counts_none = false;  // what cuInit() has said

Driver open_driver() {
  Driver driver;
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  HCD_CHECK(library, HCD_E_DEVICE, "expected a CUDA driver, found none (libcuda.so.1)");
#define HCD_LOAD(name, symbol, parameters)                                      \
  driver.name = reinterpret_cast<Result(*) parameters>(dlsym(library, symbol)); \
  HCD_CHECK(driver.name, HCD_E_DEVICE,                                          \
            "expected a CUDA driver with " symbol ", found an older one: update it");
  HCD_CUDA_DRIVER(HCD_LOAD)
#undef HCD_LOAD
  const Result result = driver.init(0);
  counts_none = result == kNoDevice;
  driver.check(result, "cuInit");
  int version = 0;
  driver.check(driver.driver_version(&version), "cuDriverGetVersion");
  HCD_CHECK(version >= kLeastDriver, HCD_E_DEVICE,
            "expected a CUDA driver for CUDA %d.%d or newer, found one for %d.%d",
            kLeastDriver / 1000, kLeastDriver % 1000 / 10, version / 1000, version % 1000 / 10);
  return driver;
}

}  // namespace

void Driver::check(Result result, const char *what) const {
  if (result == kSuccess) return;
  const char *name = nullptr, *text = nullptr;
  error_name(result, &name);
  error_string(result, &text);
  throw Error(result == kOutOfMemory ? HCD_E_MEMORY : HCD_E_DEVICE,
              format_text("CUDA: %s: %s (%s)", what, text ? text : "unknown error",
                          name ? name : format_text("%d", result).c_str()));
}

const Driver &driver() {
  static const Driver opened = open_driver();  // tried again where it threw
  return opened;
}

bool has_device() {
  try {
    int count = 0;
    return driver().device_count(&count) != kSuccess || count > 0;
  } catch (const Error &) {
    return !counts_none;
  }
}

}  // namespace hcd::cuda
