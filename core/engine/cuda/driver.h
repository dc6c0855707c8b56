// SPDX-License-Identifier: BSD-2-Clause
// The CUDA driver's API as far as we call it, from libcuda.so.1, loaded at run time: nothing of
// CUDA is needed to build or to start this library. Types and numbers are those of the driver's
// stable binary interface (as in nv-codec-headers, of which Debian's version lacks pinned memory).
#pragma once

#include <cstddef>
#include <cstdint>

namespace hcd::cuda {

using Result = int;  // CUresult; 0: success
inline constexpr Result kSuccess = 0, kOutOfMemory = 2, kNoDevice = 100;
using DevicePointer = uint64_t;  // CUdeviceptr
using DeviceId = int;            // CUdevice
using Context = void *;          // CUcontext
using Stream = void *;           // CUstream
using Event = void *;            // CUevent
using Module = void *;           // CUmodule
using Function = void *;         // CUfunction
using Graph = void *;            // CUgraph
using GraphExec = void *;        // CUgraphExec

// CU_STREAM_LEGACY: the stream that callers call NULL, where work of theirs without a stream goes.
inline const Stream kDefaultStream = reinterpret_cast<Stream>(uintptr_t{1});

// CU_STREAM_CAPTURE_MODE_RELAXED: while a stream captures, every thread may allocate and free.
inline constexpr int kRelaxedCapture = 2;

// CUDA_MEMCPY2D. A pointer of the unified kind may be of the host or of a device.
inline constexpr int kUnifiedMemory = 4;  // CU_MEMORYTYPE_UNIFIED
struct Copy2D {
  size_t src_x = 0, src_y = 0;
  int src_type = kUnifiedMemory;
  const void *src_host = nullptr;
  DevicePointer src = 0;
  void *src_array = nullptr;
  size_t src_pitch = 0;
  size_t dst_x = 0, dst_y = 0;
  int dst_type = kUnifiedMemory;
  void *dst_host = nullptr;
  DevicePointer dst = 0;
  void *dst_array = nullptr;
  size_t dst_pitch = 0;
  size_t width_bytes = 0, height = 0;
};

// name of the member, symbol in libcuda.so.1, parameters
#define HCD_CUDA_DRIVER(X)                                                                        \
  X(init, "cuInit", (unsigned flags))                                                             \
  X(driver_version, "cuDriverGetVersion", (int *version))                                         \
  X(error_name, "cuGetErrorName", (Result error, const char **text))                              \
  X(error_string, "cuGetErrorString", (Result error, const char **text))                          \
  X(device_count, "cuDeviceGetCount", (int *count))                                               \
  X(device_get, "cuDeviceGet", (DeviceId * device, int index))                                    \
  X(device_name, "cuDeviceGetName", (char *name, int size, DeviceId device))                      \
  X(device_attribute, "cuDeviceGetAttribute", (int *value, int attribute, DeviceId device))       \
  X(primary_retain, "cuDevicePrimaryCtxRetain", (Context * context, DeviceId device))             \
  X(primary_release, "cuDevicePrimaryCtxRelease_v2", (DeviceId device))                           \
  X(context_push, "cuCtxPushCurrent_v2", (Context context))                                       \
  X(context_pop, "cuCtxPopCurrent_v2", (Context * context))                                       \
  X(context_device, "cuCtxGetDevice", (DeviceId * device))                                        \
  X(module_load, "cuModuleLoadData", (Module * module, const void *image))                        \
  X(module_unload, "cuModuleUnload", (Module module))                                             \
  X(module_function, "cuModuleGetFunction",                                                       \
    (Function * function, Module module, const char *name))                                       \
  X(function_attribute, "cuFuncSetAttribute", (Function function, int attribute, int value))      \
  X(launch, "cuLaunchKernel",                                                                     \
    (Function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,      \
     unsigned block_y, unsigned block_z, unsigned shared_bytes, Stream stream, void **parameters, \
     void **extra))                                                                               \
  X(memory_allocate, "cuMemAlloc_v2", (DevicePointer * pointer, size_t bytes))                    \
  X(memory_free, "cuMemFree_v2", (DevicePointer pointer))                                         \
  X(host_allocate, "cuMemHostAlloc", (void **pointer, size_t bytes, unsigned flags))              \
  X(host_free, "cuMemFreeHost", (void *pointer))                                                  \
  X(copy_async, "cuMemcpyAsync", (DevicePointer to, DevicePointer from, size_t bytes, Stream s))  \
  X(copy_2d_async, "cuMemcpy2DAsync_v2", (const Copy2D *copy, Stream stream))                     \
  X(stream_create, "cuStreamCreate", (Stream * stream, unsigned flags))                           \
  X(stream_destroy, "cuStreamDestroy_v2", (Stream stream))                                        \
  X(stream_synchronize, "cuStreamSynchronize", (Stream stream))                                   \
  X(stream_wait, "cuStreamWaitEvent", (Stream stream, Event event, unsigned flags))               \
  X(stream_begin_capture, "cuStreamBeginCapture_v2", (Stream stream, int mode))                   \
  X(stream_end_capture, "cuStreamEndCapture", (Stream stream, Graph * graph))                     \
  X(graph_instantiate, "cuGraphInstantiateWithFlags",                                             \
    (GraphExec * executable, Graph graph, uint64_t flags))                                        \
  X(graph_launch, "cuGraphLaunch", (GraphExec executable, Stream stream))                         \
  X(graph_exec_destroy, "cuGraphExecDestroy", (GraphExec executable))                             \
  X(graph_destroy, "cuGraphDestroy", (Graph graph))                                               \
  X(event_create, "cuEventCreate", (Event * event, unsigned flags))                               \
  X(event_record, "cuEventRecord", (Event event, Stream stream))                                  \
  X(event_query, "cuEventQuery", (Event event))                                                   \
  X(event_synchronize, "cuEventSynchronize", (Event event))                                       \
  X(event_destroy, "cuEventDestroy_v2", (Event event))

struct Driver {
#define HCD_MEMBER(name, symbol, parameters) Result(*name) parameters = nullptr;
  HCD_CUDA_DRIVER(HCD_MEMBER)
#undef HCD_MEMBER

  // Throws hcd::Error of HCD_E_DEVICE (HCD_E_MEMORY where the device has none left) with the
  // driver's own name for a failure, unless `result` is success.
  void check(Result result, const char *what) const;
};

// The process's driver, initialised; opened at the first call and kept for good. Throws
// HCD_E_DEVICE with what is missing: the library, a function of it (a driver that is too old), a
// device. Thread-safety: any thread.
const Driver &driver();

// Whether there is a driver that does not say that there is no device.
bool has_device();

}  // namespace hcd::cuda
