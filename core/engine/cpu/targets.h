// SPDX-License-Identifier: BSD-2-Clause
// The instruction sets for which Highway compiles the kernels. To be included before Highway.
#pragma once

// Left to it are SSE4, AVX2, AVX-512 and NEON, and plain C++ for the rest of x86-64. Of the others
// some bring nothing to eight floats, and the vectors of SVE are of no fixed size.
// Under sanitizers, where a kernel takes the compiler minutes, plain C++ and AVX2 alone.
#ifdef HCD_FEW_TARGETS
#define HCD_LEFT_OUT (HWY_SSE4 | HWY_AVX3)
#else
#define HCD_LEFT_OUT 0
#endif
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HCD_LEFT_OUT)
