// SPDX-License-Identifier: BSD-2-Clause
// A stand-in for the CUDA driver (libcuda.so.1), for tests on machines without a GPU: memory is the
// host's, and launches run the real kernels on the host, at once.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "engine/cuda/driver.h"
#include "engine/cuda/kernels/all.cu"
#include "engine/cuda/kernels/all.h"

namespace {

using hcd::cuda::Result;

using Launcher = const char *(*)(dim3 grid, dim3 block, unsigned shared_bytes, void **parameters);

template <auto kernel, typename... P, size_t... i>
const char *run(void (*)(P...), dim3 grid, dim3 block, unsigned shared_bytes, void **parameters,
                std::index_sequence<i...>) {
  const std::tuple<P...> values{*static_cast<std::remove_const_t<P> *>(parameters[i])...};
  return hcd::cuda_on_host::launch(grid, block, shared_bytes, 0,
                                   [&] { std::apply(kernel, values); });
}
template <auto kernel, typename... P>
const char *run(void (*types)(P...), dim3 grid, dim3 block, unsigned shared_bytes,
                void **parameters) {
  return run<kernel>(types, grid, block, shared_bytes, parameters, std::index_sequence_for<P...>());
}

const std::unordered_map<std::string, Launcher> &kernels() {
  static const std::unordered_map<std::string, Launcher> table = {
#define HCD_ENTRY(name)                                                \
  {#name, [](dim3 grid, dim3 block, unsigned shared_bytes, void **p) { \
     return run<&name>(&name, grid, block, shared_bytes, p);           \
   }},
      HCD_ALL_KERNELS(HCD_ENTRY)
#undef HCD_ENTRY
  };
  return table;
}

char context_memory, module_memory, stream_memory, event_memory;

}  // namespace

#define STUB extern "C" __attribute__((visibility("default"))) Result

STUB cuInit(unsigned) { return 0; }
STUB cuDriverGetVersion(int *version) {
  *version = 13000;
  return 0;
}
STUB cuGetErrorName(Result, const char **text) {
  *text = "CUDA_ERROR_STUB";
  return 0;
}
STUB cuGetErrorString(Result, const char **text) {
  *text = "stub";
  return 0;
}
STUB cuDeviceGetCount(int *count) {
  *count = 1;
  return 0;
}
STUB cuDeviceGet(int *device, int) {
  *device = 0;
  return 0;
}
STUB cuDeviceGetName(char *name, int size, int) {
  std::strncpy(name, "stand-in for a GPU", size_t(size));
  return 0;
}
STUB cuDeviceGetAttribute(int *value, int, int) {
  *value = 0;
  return 0;
}
STUB cuDevicePrimaryCtxRetain(void **context, int) {
  *context = &context_memory;
  return 0;
}
STUB cuDevicePrimaryCtxRelease_v2(int) { return 0; }
STUB cuCtxPushCurrent_v2(void *) { return 0; }
STUB cuCtxPopCurrent_v2(void **) { return 0; }
STUB cuCtxGetDevice(int *device) {
  *device = 0;
  return 0;
}
STUB cuModuleLoadData(void **module, const void *) {
  *module = &module_memory;
  return 0;
}
STUB cuModuleUnload(void *) { return 0; }
STUB cuModuleGetFunction(void **function, void *, const char *name) {
  const auto found = kernels().find(name);
  if (found == kernels().end()) return 500;
  *function = reinterpret_cast<void *>(found->second);
  return 0;
}
STUB cuFuncSetAttribute(void *, int, int) { return 0; }
STUB cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                    unsigned bz, unsigned shared_bytes, void *, void **parameters, void **) {
  const char *failure =
      reinterpret_cast<Launcher>(function)({gx, gy, gz}, {bx, by, bz}, shared_bytes, parameters);
  if (!failure) return 0;
  std::fprintf(stderr, "stand-in for a GPU: a kernel failed: %s\n", failure);
  return 719;
}
STUB cuMemAlloc_v2(uint64_t *pointer, size_t bytes) {
  *pointer = reinterpret_cast<uint64_t>(std::malloc(bytes));
  return 0;
}
STUB cuMemFree_v2(uint64_t pointer) {
  std::free(reinterpret_cast<void *>(pointer));
  return 0;
}
STUB cuMemHostAlloc(void **pointer, size_t bytes, unsigned) {
  *pointer = std::malloc(bytes);
  return 0;
}
STUB cuMemFreeHost(void *pointer) {
  std::free(pointer);
  return 0;
}
STUB cuMemcpyAsync(uint64_t to, uint64_t from, size_t bytes, void *) {
  std::memmove(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes);
  return 0;
}
STUB cuMemcpy2DAsync_v2(const hcd::cuda::Copy2D *c, void *) {
  for (size_t y = 0; y < c->height; ++y) {
    std::memmove(reinterpret_cast<void *>(c->dst + y * c->dst_pitch),
                 reinterpret_cast<void *>(c->src + y * c->src_pitch), c->width_bytes);
  }
  return 0;
}
STUB cuStreamCreate(void **stream, unsigned) {
  *stream = &stream_memory;
  return 0;
}
STUB cuStreamDestroy_v2(void *) { return 0; }
STUB cuStreamSynchronize(void *) { return 0; }
STUB cuStreamWaitEvent(void *, void *, unsigned) { return 0; }
STUB cuEventCreate(void **event, unsigned) {
  *event = &event_memory;
  return 0;
}
STUB cuEventRecord(void *, void *) { return 0; }
STUB cuEventSynchronize(void *) { return 0; }
STUB cuEventDestroy_v2(void *) { return 0; }
