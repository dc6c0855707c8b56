// SPDX-License-Identifier: BSD-2-Clause
// The wavelet of the detail loss, as engine/cpu/wavelet.h says: a level and its adjoint. A block of
// kWaveletColumns x 8 threads makes kWaveletColumns x kWaveletRows samples of each band, or the
// adjoint twice as many in each direction of the picture.
#pragma once

#include "engine/cuda/kernels/kernel.h"

namespace hcd::cuda {

inline constexpr int kWaveletColumns = 32, kWaveletRows = 16, kWaveletThreadRows = 8;

// The details of a level: three planes of one size, one behind the other.
struct DeviceDetails {
  float *data;
  int32_t width, height;
  int64_t stride, plane;  // samples from one row, one band to the next
};

}  // namespace hcd::cuda

// The level of `in`; its details inside `detailed` alone, the others are left as they are.
HCD_KERNEL hcd_wavelet(hcd::cuda::ConstDevicePlane in, hcd::cuda::DevicePlane low,
                       hcd::cuda::DeviceDetails details, hcd::cuda::DeviceRect detailed);
// The adjoint: derivatives by the level's values give those by the picture's. Those by details
// outside `detailed`, and by the low pass where it has no data, are zeros.
HCD_KERNEL hcd_wavelet_adjoint(hcd::cuda::ConstDevicePlane low, hcd::cuda::DeviceDetails details,
                               hcd::cuda::DeviceRect detailed, hcd::cuda::DevicePlane out);

#define HCD_WAVELET_KERNELS(X) X(hcd_wavelet) X(hcd_wavelet_adjoint)
