// SPDX-License-Identifier: BSD-2-Clause
// Between the strided pictures of net/network.h and tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include "client/network.h"

namespace hcd::aten {

// A contiguous [1, C, h, w] float32 copy on `device`: whatever the picture's strides, the same
// tensor, hence the same bits out of the network.
at::Tensor to_tensor(ConstPlane image, at::Device device);

// Copies [1, C, h, w] into `image`, which is as large. False where a value is not finite.
bool copy_to(const at::Tensor &tensor, Plane image);

// Adds [1, C, h, w] to `image`, which is as large. False where a value is not finite.
bool add_to(const at::Tensor &tensor, Plane image);

// Squared error of `output`, [1, C, h, w], against `target` over `window`; `slope`: its derivative
// with respect to the output, 0 outside the window, on the output's device.
double squared_error(const at::Tensor &output, ConstPlane target, Rect window,
                     at::Tensor &slope);

}  // namespace hcd::aten
