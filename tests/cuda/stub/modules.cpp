// SPDX-License-Identifier: BSD-2-Clause
// Modules and launches. Whatever image is loaded: the kernels are those of kernels.cpp.
#include <cstdio>

#include "stub/driver.h"
#include "stub/memory.h"

using namespace hcd::stub;

namespace {

Function *find_function(Context &context, const void *handle) {
  for (const auto &module : driver().modules) {
    if (module->context != &context) continue;
    for (auto &[name, function] : module->functions) {
      if (&function == handle) return &function;
    }
  }
  return nullptr;
}

Result lose(int device) {
  driver().lost.push_back(device);
  for (const auto &context : driver().contexts) {
    if (context->device == device) context->error = kDeviceUnavailable;
  }
  return kDeviceUnavailable;
}

Result failed(const Kernel &kernel, const char *why, Result result) {
  std::fprintf(stderr, "stand-in for a GPU: kernel %s: %s\n", kernel.name, why);
  return result;
}

}  // namespace

Result hcd::stub::enqueue_launches(Stream &stream, std::vector<Work> works) {
  const Settings &settings = driver().settings;
  size_t number = driver().launches;
  for (const Work &work : works) driver().launches += work.kernel != nullptr;
  if (number < settings.no_launch_at && settings.no_launch_at <= driver().launches) {
    return fail(stream, kLaunchOutOfResources);
  }
  for (Work &work : works) {
    if (work.kernel && ++number == settings.lost_at) {
      work = {[device = stream.context->device] { return lose(device); }};
    }
    if (const Result result = enqueue(stream, std::move(work)); result != kSuccess) return result;
  }
  return kSuccess;
}

HCD_STUB cuModuleLoadData(void **module, const void *image) {
  return call("cuModuleLoadData", [&](Context &context) {
    if (!image) return kInvalidValue;
    *module = driver().modules.add({&context});
    return kSuccess;
  });
}
HCD_STUB cuModuleUnload(void *handle) {
  return call("cuModuleUnload", [&](Context &context) {
    const Module *module = driver().modules.find(handle);
    if (!module || module->context != &context) return kInvalidHandle;
    finish(context);
    driver().modules.remove(module);
    return kSuccess;
  });
}
HCD_STUB cuModuleGetFunction(void **function, void *handle, const char *name) {
  return call("cuModuleGetFunction", [&](Context &context) {
    note("%s", name);
    Module *module = driver().modules.find(handle);
    if (!module || module->context != &context) return kInvalidHandle;
    const Kernel *kernel = find_kernel(name);
    if (!kernel) return kNotFound;
    *function = &module->functions.try_emplace(name, Function{module, kernel}).first->second;
    return kSuccess;
  });
}
HCD_STUB cuFuncSetAttribute(void *handle, int attribute, int value) {
  return call("cuFuncSetAttribute", [&](Context &context) {
    constexpr int kMostDynamicShared = 8;
    Function *function = find_function(context, handle);
    if (!function) return kInvalidHandle;
    if (attribute != kMostDynamicShared) return kNotSupported;
    if (value < 0 || size_t(value) > hcd::cuda_on_host::kMostShared) return kInvalidValue;
    function->most_dynamic_shared = size_t(value);
    return kSuccess;
  });
}

HCD_STUB cuLaunchKernel(void *handle, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                        unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
                        void *stream_handle, void **parameters, void **extra) {
  return call("cuLaunchKernel", [&](Context &context) -> Result {
    const Function *function = find_function(context, handle);
    Stream *stream = find_stream(context, stream_handle);
    if (!function || !stream) return kInvalidHandle;
    const Kernel &kernel = *function->kernel;
    note("%s, grid %u %u %u, block %u %u %u, shared %u", kernel.name, grid_x, grid_y, grid_z,
         block_x, block_y, block_z, shared_bytes);
    const dim3 grid{grid_x, grid_y, grid_z}, block{block_x, block_y, block_z};
    constexpr unsigned kMostY = 65535;  // of a grid, and z
    if (size_t{grid_x} * grid_y * grid_z == 0 || grid_y > kMostY || grid_z > kMostY ||
        size_t{block_x} * block_y * block_z == 0 ||
        size_t{block_x} * block_y * block_z > hcd::cuda_on_host::kMostThreads || block_z > 64 ||
        shared_bytes > function->most_dynamic_shared || !parameters) {
      return fail(*stream, kInvalidValue);
    }
    if (extra) return kNotSupported;
    const auto run = [=, &kernel, launch = kernel.with(parameters)]() -> Result {
      const uint32_t seed = driver().settings.seed;
      if (const char *why = launch(grid, block, shared_bytes, seed)) {
        return failed(kernel, why, kLaunchFailed);
      }
      if (!margins_are_untouched()) {
        return failed(kernel, "memory written beyond a buffer's end", kIllegalAddress);
      }
      return kSuccess;
    };
    Work work{run, {function->module->life}, kernel.name};
    for (const uint64_t address : kernel.addresses(parameters)) {
      work.needs.push_back(life_at(address));
    }
    return enqueue_launches(*stream, {std::move(work)});
  });
}
