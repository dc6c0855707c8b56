// SPDX-License-Identifier: BSD-2-Clause
// The stand-in for the CUDA driver, as tests see it. It is a libcuda.so.1 that runs the real
// kernels on the host (on_host/block.h), with the driver's rules:
// - Memory of the device cannot be touched by the host but by copies and kernels: that is a crash.
//   What nobody has written is 0xff: NaN, or -1. A kernel that writes beyond a buffer has failed.
// - Work waits in its stream until somebody waits for it, as late as the driver allows: a result
//   that is read without waiting is not there yet, and so is pinned memory that is filled again too
//   early. A failed kernel shows in the next call that waits, and from then on in every call.
// - Work on memory, or of a module, that was freed since it was queued or captured has failed.
// - While a stream captures nothing of it runs, and what cannot be captured makes the capture
//   invalid (graphs.cpp). A capture is of one stream: no forks.
// - A call needs the right context on its thread; handles have to be alive, and of that context.
//
// Environment variables, read at the first call and by hcd_stub_reset():
//   HCD_STUB_DEVICES=n          devices there are (1); 0: cuInit() finds none
//   HCD_STUB_DRIVER_VERSION=n   what cuDriverGetVersion() says (13000)
//   HCD_STUB_MEMORY=n           memory of a device in MB (4096)
//   HCD_STUB_NO_MEMORY_AT=n     the n-th allocation on a device, from 1, fails; no other
//   HCD_STUB_NO_LAUNCH_AT=n     the n-th launch is refused; no other
//   HCD_STUB_LOST_AT=n          the device is lost in the n-th launch: every call on it fails then
//   HCD_STUB_NO_GRAPH_AT=n      the n-th graph to be instantiated is refused: no memory; no other
//   HCD_STUB_SEED=n             the order of blocks and threads (0)
//   HCD_STUB_LOG=file           one line for each call is appended, and at the end what is left
// A value of 0 for one of the "n-th" is never. A launch counts when it is captured, and again
// whenever its graph is launched; that is refused as a whole. A device that is lost in a captured
// launch is lost when that runs.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hcd_stub_state {
  // alive now
  size_t contexts, streams, events, modules;
  size_t graphs, executables;
  size_t allocations, bytes;  // on devices
  size_t host_allocations;    // pinned
  size_t pushed;              // contexts on the calling thread's stack
  // since the beginning, or the last reset
  size_t launches;  // of kernels, those of graphs included
  size_t graph_launches;
  size_t stream_waits;  // calls of cuStreamSynchronize
  size_t most_bytes;    // at any time
};
void hcd_stub_get_state(struct hcd_stub_state *state);
// Reads the environment again, and begins to count again. What is alive stays.
void hcd_stub_reset(void);

#ifdef __cplusplus
}
#endif
