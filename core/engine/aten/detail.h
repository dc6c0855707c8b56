// SPDX-License-Identifier: BSD-2-Clause
// Detail that a viewer misses.
#pragma once

#include <ATen/ATen.h>

namespace hcd::aten {

// How much visible detail of `reference` is not in `test`, 0 (all is there) to about 1: one minus
// the detail loss measure of VMAF-NEG (Li et al., "Image Quality Assessment by Separately
// Evaluating Detail Losses and Additive Impairments", 2011, with libvmaf's constants), in which
// more contrast than the reference's earns nothing. Both [N, 1, h, w], luma code values / 255; the
// mean over the pictures. Differentiable with respect to `test`.
at::Tensor lost_detail(const at::Tensor &test, const at::Tensor &reference);

}  // namespace hcd::aten
