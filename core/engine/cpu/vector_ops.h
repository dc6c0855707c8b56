// SPDX-License-Identifier: BSD-2-Clause
// Arithmetic on long vectors. Sums are taken in pieces of a fixed size and added in order, so that
// they are the same for any number of threads.
#pragma once

#include <span>

#include "base/parallel.h"

namespace hcd::cpu {

double dot(std::span<const float> a, std::span<const float> b, ThreadPool &pool);

// y += a x
void axpy(float a, std::span<const float> x, std::span<float> y, ThreadPool &pool);

// y = x + b y
void xpby(std::span<const float> x, float b, std::span<float> y, ThreadPool &pool);

// z = x - y
void subtract(std::span<const float> x, std::span<const float> y, std::span<float> z,
              ThreadPool &pool);

void scale(float a, std::span<float> x, ThreadPool &pool);

}  // namespace hcd::cpu
