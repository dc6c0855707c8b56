// SPDX-License-Identifier: BSD-2-Clause
// What FFmpeg's loader looks for in a driver (nv-codec-headers' dynlink_loader.h) and nothing here
// calls: each is there, and says that it is not supported.
#include "stub/driver.h"

using namespace hcd::stub;

#define UNSUPPORTED(name) \
  HCD_STUB name() { return logged(#name, kNotSupported); }

UNSUPPORTED(cuCtxSetLimit)
UNSUPPORTED(cuMemAllocManaged)
UNSUPPORTED(cuDevicePrimaryCtxReset)
UNSUPPORTED(cuLinkCreate)
UNSUPPORTED(cuLinkAddData)
UNSUPPORTED(cuLinkComplete)
UNSUPPORTED(cuLinkDestroy)
UNSUPPORTED(cuModuleGetGlobal)
UNSUPPORTED(cuTexObjectCreate)
UNSUPPORTED(cuTexObjectDestroy)
UNSUPPORTED(cuGLGetDevices_v2)
UNSUPPORTED(cuGraphicsGLRegisterImage)
UNSUPPORTED(cuGraphicsUnregisterResource)
UNSUPPORTED(cuGraphicsMapResources)
UNSUPPORTED(cuGraphicsUnmapResources)
UNSUPPORTED(cuGraphicsSubResourceGetMappedArray)
UNSUPPORTED(cuGraphicsResourceGetMappedPointer_v2)
UNSUPPORTED(cuArray3DCreate_v2)
UNSUPPORTED(cuArrayDestroy)
