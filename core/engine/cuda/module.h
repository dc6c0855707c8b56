// SPDX-License-Identifier: BSD-2-Clause
// The compiled kernels in this library.
#pragma once

namespace hcd::cuda {

// The fatbin that cuModuleLoadData() takes: machine code for the GPUs that nvcc was told of, and
// PTX for later ones. Where this library is built without nvcc, for tests on the stand-in for a
// driver (tests/cuda), it is empty.
const void *kernels_image();

}  // namespace hcd::cuda
