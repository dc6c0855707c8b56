// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/kernels/numbers.h"

#include "base/number_op.h"

HCD_KERNEL hcd_numbers(const hcd::cuda::NumberSteps numbers) {
  for (int i = 0; i < numbers.n; ++i) {
    const hcd::cuda::NumberStep &step = numbers.steps[i];
    *step.to = hcd::compute(hcd::NumberOp(step.op), step.a.get(), step.b.get());
  }
}
