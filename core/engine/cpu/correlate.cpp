// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/correlate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/cpu/rows.h"
#include "engine/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/correlate.cpp"
#include <hwy/foreach_target.h>

#include "engine/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hcd::cpu::HWY_NAMESPACE {

// out[l] += sum over i, j of kernel[i * size + j] * in[i * stride + l + j], for `Count` groups of
// lanes at a time.
struct Correlate {
  const float *kernel;
  int size;
  const float *in;
  ptrdiff_t stride;
  float *out;

  template <int Count, typename At>
  HWY_INLINE void run(At at) const {
    Lanes sums[Count];
    unroll<Count>([&](auto k) HCD_INLINE { sums[k] = at.load(out + k * kLanes); });
    const float *weight = kernel;
    for (int i = 0; i < size; ++i) {
      for (int j = 0; j < size; ++j, ++weight) {
        const Lanes factor = set(*weight);
        unroll<Count>([&](auto k) HCD_INLINE {
          sums[k] = mul_add(factor, at.load(in + i * stride + j + k * kLanes), sums[k]);
        });
      }
    }
    unroll<Count>([&](auto k) HCD_INLINE { at.store(sums[k], out + k * kLanes); });
  }
};

void correlate_row(const float *kernel, int size, const float *in, ptrdiff_t stride, float *out,
                   int width) {
  for_groups(width, Correlate{kernel, size, in, stride, out});
}

}  // namespace hcd::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hcd::cpu {

HWY_EXPORT(correlate_row);

void correlate(ConstPlane in, std::span<const float> kernel, Plane out, ThreadPool &pool) {
  const int size = static_cast<int>(std::lround(std::sqrt(kernel.size()))), radius = size / 2;
  const int width = in.width;
  const ptrdiff_t stride = width + 2 * radius;
  for_pieces(in.height, pool, [&](int first, int end) {
    // The rows that these look at, with the plane's last ones repeated beyond its border.
    std::vector<float> rows(static_cast<size_t>(stride) * static_cast<size_t>(end - first + size));
    for (int y = first - radius; y < end + radius; ++y) {
      const float *from = in.row(std::clamp(y, 0, in.height - 1));
      float *to = rows.data() + (y - first + radius) * stride;
      std::fill_n(to, radius, from[0]);
      std::copy_n(from, width, to + radius);
      std::fill_n(to + radius + width, radius, from[width - 1]);
    }
    for (int y = first; y < end; ++y) {
      HWY_DYNAMIC_DISPATCH(correlate_row)
      (kernel.data(), size, rows.data() + (y - first) * stride, stride, out.row(y), width);
    }
  });
}

}  // namespace hcd::cpu
#endif
