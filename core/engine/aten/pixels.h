// SPDX-License-Identifier: BSD-2-Clause
// Between the strided pictures of net/network.h and tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include "client/network.h"

namespace hcd::aten {

// A network's pictures lie in [0, 1], those of the library on the 8-bit scale.
inline constexpr float kUnit = 1.0F / 255;

// A contiguous [1, C, h, w] float32 copy on `device`, times `scale`: whatever the picture's
// strides, the same tensor, hence the same bits out of the network.
at::Tensor to_tensor(ConstPlane picture, float scale, at::Device device);

// Copies [1, C, h, w] in [0, 1] into `picture`, which is as large. False where a value is not
// finite.
bool copy_to(const at::Tensor &tensor, Plane picture);

// Adds the gradient [1, C, h, w] to `picture`, which is as large. False where a value is not
// finite.
bool add_to(const at::Tensor &tensor, Plane picture);

// The loss of `output`, [1, C, h, w] in [0, 1], over `window`; `slope`: its derivative with respect
// to the output's code values, 0 outside the window, on the output's device.
double loss_of(const at::Tensor &output, const Rect &window, const LocalLoss &loss,
               at::Tensor &slope);

}  // namespace hcd::aten
