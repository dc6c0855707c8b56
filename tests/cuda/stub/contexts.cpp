// SPDX-License-Identifier: BSD-2-Clause
// Devices and contexts.
#include <cstdio>
#include <cstring>

#include "stub/driver.h"
#include "stub/memory.h"

using namespace hcd::stub;

namespace {

bool is_device(int device) { return device >= 0 && device < driver().settings.devices; }
bool is_lost(int device) {
  const auto &lost = driver().lost;
  return std::find(lost.begin(), lost.end(), device) != lost.end();
}

// With everything in it.
void destroy(Context *context) {
  finish(*context);
  Driver &d = driver();
  const auto in_it = [&](const auto &object) { return object.context == context; };
  d.streams.remove_if(in_it);
  d.events.remove_if(in_it);
  d.modules.remove_if(in_it);
  d.graphs.remove_if(in_it);
  d.executables.remove_if(in_it);
  free_memory_of(*context);
  d.contexts.remove(context);
}

// CU_DEVICE_ATTRIBUTE_...: of a small GPU of compute capability 8.6.
const std::map<int, int> kAttributes = {
    {1, static_cast<int>(hcd::cuda_on_host::kMostThreads)},       // MAX_THREADS_PER_BLOCK
    {8, static_cast<int>(hcd::cuda_on_host::kMostStaticShared)},  // MAX_SHARED_MEMORY_PER_BLOCK
    {10, static_cast<int>(hcd::cuda_on_host::kWarp)},             // WARP_SIZE
    {14, 512},                                                    // TEXTURE_ALIGNMENT
    {16, 4},                                                      // MULTIPROCESSOR_COUNT
    {41, 1},                                                      // UNIFIED_ADDRESSING
    {75, 8},                                                      // COMPUTE_CAPABILITY_MAJOR
    {76, 6},                                                      // COMPUTE_CAPABILITY_MINOR
    {97, static_cast<int>(hcd::cuda_on_host::kMostShared)},  // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
};

}  // namespace

HCD_STUB cuInit(unsigned flags) {
  const std::lock_guard lock(driver().mutex);
  if (flags != 0) return logged("cuInit", kInvalidValue);
  if (driver().settings.devices == 0) return logged("cuInit", kNoDevice);
  driver().initialised = true;
  return logged("cuInit", kSuccess);
}
HCD_STUB cuDriverGetVersion(int *version) {
  const std::lock_guard lock(driver().mutex);
  *version = driver().settings.driver_version;
  return logged("cuDriverGetVersion", kSuccess);
}

HCD_STUB cuDeviceGetCount(int *count) {
  return call("cuDeviceGetCount", [&] {
    *count = driver().settings.devices;
    return kSuccess;
  });
}
HCD_STUB cuDeviceGet(int *device, int index) {
  return call("cuDeviceGet", [&] {
    if (!is_device(index)) return kInvalidDevice;
    *device = index;
    return kSuccess;
  });
}
HCD_STUB cuDeviceGetName(char *name, int size, int device) {
  return call("cuDeviceGetName", [&] {
    if (!is_device(device)) return kInvalidDevice;
    std::snprintf(name, static_cast<size_t>(size), "stand-in for a GPU");
    return kSuccess;
  });
}
HCD_STUB cuDeviceGetUuid(unsigned char *uuid, int device) {
  return call("cuDeviceGetUuid", [&] {
    if (!is_device(device)) return kInvalidDevice;
    std::memset(uuid, device, 16);
    return kSuccess;
  });
}
HCD_STUB cuDeviceGetAttribute(int *value, int attribute, int device) {
  return call("cuDeviceGetAttribute", [&] {
    note("%d", attribute);
    if (!is_device(device)) return kInvalidDevice;
    const auto found = kAttributes.find(attribute);
    if (found == kAttributes.end()) return kInvalidValue;
    *value = found->second;
    return kSuccess;
  });
}
HCD_STUB cuDeviceComputeCapability(int *major, int *minor, int device) {
  const Result result = cuDeviceGetAttribute(major, 75, device);
  return result ? result : cuDeviceGetAttribute(minor, 76, device);
}
HCD_STUB cuDeviceTotalMem_v2(size_t *bytes, int device) {
  return call("cuDeviceTotalMem", [&] {
    if (!is_device(device)) return kInvalidDevice;
    *bytes = driver().settings.memory;
    return kSuccess;
  });
}

HCD_STUB cuDevicePrimaryCtxRetain(void **context, int device) {
  return call("cuDevicePrimaryCtxRetain", [&] {
    if (!is_device(device)) return kInvalidDevice;
    if (is_lost(device)) return kDeviceUnavailable;
    auto &[primary, users] = driver().primary[device];
    if (users++ == 0) {
      primary = driver().contexts.add({device, true, driver().primary_flags[device]});
      primary->default_stream.context = primary;
    }
    *context = primary;
    return kSuccess;
  });
}
HCD_STUB cuDevicePrimaryCtxRelease_v2(int device) {
  return call("cuDevicePrimaryCtxRelease", [&] {
    if (!is_device(device)) return kInvalidDevice;
    auto &[primary, users] = driver().primary[device];
    if (users == 0) return kInvalidContext;
    if (--users == 0) destroy(primary);
    return kSuccess;
  });
}
HCD_STUB cuDevicePrimaryCtxRelease(int device) { return cuDevicePrimaryCtxRelease_v2(device); }
HCD_STUB cuDevicePrimaryCtxSetFlags(int device, unsigned flags) {
  return call("cuDevicePrimaryCtxSetFlags", [&] {
    if (!is_device(device)) return kInvalidDevice;
    if (driver().primary[device].second > 0) return kPrimaryContextActive;
    driver().primary_flags[device] = flags;
    return kSuccess;
  });
}
HCD_STUB cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active) {
  return call("cuDevicePrimaryCtxGetState", [&] {
    if (!is_device(device)) return kInvalidDevice;
    *flags = driver().primary_flags[device];
    *active = driver().primary[device].second > 0;
    return kSuccess;
  });
}

// Pushes it, too.
HCD_STUB cuCtxCreate_v2(void **context, unsigned flags, int device) {
  return call("cuCtxCreate", [&] {
    if (!is_device(device)) return kInvalidDevice;
    if (is_lost(device)) return kDeviceUnavailable;
    Context *made = driver().contexts.add({device, false, flags});
    made->default_stream.context = made;
    pushed().push_back(made);
    *context = made;
    return kSuccess;
  });
}
HCD_STUB cuCtxDestroy_v2(void *handle) {
  return call("cuCtxDestroy", [&] {
    Context *context = driver().contexts.find(handle);
    if (!context || context->primary) return kInvalidContext;
    if (!pushed().empty() && pushed().back() == context) pushed().pop_back();
    destroy(context);
    return kSuccess;
  });
}
HCD_STUB cuCtxPushCurrent_v2(void *handle) {
  return call("cuCtxPushCurrent", [&] {
    Context *context = driver().contexts.find(handle);
    if (!context) return kInvalidContext;
    pushed().push_back(context);
    return kSuccess;
  });
}
HCD_STUB cuCtxPopCurrent_v2(void **context) {
  return call("cuCtxPopCurrent", [&] {
    if (pushed().empty()) return kInvalidContext;
    if (context) *context = pushed().back();
    pushed().pop_back();
    return kSuccess;
  });
}
HCD_STUB cuCtxGetCurrent(void **context) {
  return call("cuCtxGetCurrent", [&] {
    *context = pushed().empty() ? nullptr : pushed().back();
    return kSuccess;
  });
}
HCD_STUB cuCtxGetDevice(int *device) {
  return call("cuCtxGetDevice", [&](Context &context) {
    *device = context.device;
    return kSuccess;
  });
}
HCD_STUB cuCtxSynchronize() {
  return call("cuCtxSynchronize", [&](Context &context) -> Result {
    for (const auto &stream : driver().streams) {
      if (stream->context != &context) continue;
      if (const Result result = may_wait(*stream); result != kSuccess) return result;
    }
    return finish(context);
  });
}
