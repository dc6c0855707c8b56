// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/module.h"

// The file's bytes, where the compiler puts constants.
asm(".pushsection .rodata\n"
    ".balign 64\n"
    "kKernelsFatbin:\n"
    ".incbin \"" HCD_KERNELS_FATBIN
    "\"\n"
    ".popsection\n");
extern "C" __attribute__((visibility("hidden"))) const char kKernelsFatbin[];

namespace hcd::cuda {
const void *kernels_image() { return kKernelsFatbin; }
}  // namespace hcd::cuda
