// SPDX-License-Identifier: BSD-2-Clause
// The resampling kernels of players.
#pragma once

#include <span>
#include <string_view>

namespace hcd::image {

// An even function of the distance in samples, 1 or near it at 0, zero beyond `support`.
struct Kernel {
  const char *name;
  const char *description;
  double support;
  double (*weight)(double distance);
};

// All kernels.
std::span<const Kernel> kernels();

// The mean over a cell: a way down only, since enlarging by it repeats pixels.
const Kernel &area_kernel();

// The kernel of that name, or nullptr.
const Kernel *find_kernel(std::string_view name);

}  // namespace hcd::image
