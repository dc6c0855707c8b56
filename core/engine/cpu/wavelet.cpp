// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/wavelet.h"

#include <algorithm>
#include <vector>

#include "engine/cpu/loss_rows.h"
#include "engine/cpu/rows.h"

namespace hcd::cpu {
namespace {

constexpr int kTaps = 4, kBefore = 1, kAfter = 2;  // samples mirrored at either end

// The sample that stands at position i of a mirrored axis of n.
int mirrored(int i, int n) {
  while (i < 0 || i >= n) {
    if (n == 1) return 0;
    i = i < 0 ? -i : 2 * (n - 1) - i;
  }
  return i;
}

void mirror_ends(float *row, int n) {  // sample 0 at row[kBefore]
  row[0] = row[kBefore + mirrored(-1, n)];
  for (int i = 0; i < kAfter; ++i) row[kBefore + n + i] = row[kBefore + mirrored(n + i, n)];
}

}  // namespace

void dwt2(ConstPlane in, const Subbands &out, ThreadPool &pool) {
  for_pieces(out.a.height, pool, [&](int first, int end) {
    const size_t padded = static_cast<size_t>(in.width) + kBefore + kAfter + 1;
    std::vector<float> low(padded), high(padded);
    for (int i = first; i < end; ++i) {
      const float *rows[kTaps];
      for (int t = 0; t < kTaps; ++t) rows[t] = in.row(mirrored(2 * i - kBefore + t, in.height));
      filter_rows(kLowPass, kHighPass, rows, in.width, low.data() + kBefore, high.data() + kBefore);
      mirror_ends(low.data(), in.width);
      mirror_ends(high.data(), in.width);
      filter_along(kLowPass, kHighPass, low.data(), out.a.width, out.a.row(i),
                   out.details[0].row(i));
      filter_along(kLowPass, kHighPass, high.data(), out.a.width, out.details[1].row(i),
                   out.details[2].row(i));
    }
  });
}

void dwt2_adjoint(const Subbands &in, Plane out, float *scratch, ThreadPool &pool) {
  const int width = in.a.width, height = in.a.height;
  const Plane low{scratch, out.width, height};
  const Plane high{scratch + low.size(), out.width, height};
  for_pieces(height, pool, [&](int first, int end) {
    const auto n = static_cast<size_t>(width);
    std::vector<float> a(n + 2, 0.0F), b(n + 2, 0.0F), row(2 * n + 2);
    const auto spread = [&](const float *from_low, const float *from_high, float *to) {
      std::copy_n(from_low, width, a.data() + 1);
      std::copy_n(from_high, width, b.data() + 1);
      filter_along_adjoint(kLowPass, kHighPass, a.data() + 1, b.data() + 1, width, row.data());
      std::copy_n(row.data() + kBefore, out.width, to);
      to[mirrored(-1, out.width)] += row[0];
      // The last of them lies beyond what an odd size reads.
      for (int i = 0; i < kAfter && kBefore + out.width + i < 2 * width + 2; ++i) {
        to[mirrored(out.width + i, out.width)] += row[static_cast<size_t>(kBefore + out.width + i)];
      }
    };
    for (int i = first; i < end; ++i) {
      spread(in.a.row(i), in.details[0].row(i), low.row(i));
      spread(in.details[1].row(i), in.details[2].row(i), high.row(i));
    }
  });
  // Position p of the mirrored axis gets what rows p / 2 and p / 2 - 1 read there.
  for_pieces(out.height, pool, [&](int first, int end) {
    const std::vector<float> zeros(static_cast<size_t>(out.width), 0.0F);
    const auto row_or_zeros = [&](const Plane &plane, int i) {
      return i >= 0 && i < height ? plane.row(i) : zeros.data();
    };
    const auto gather = [&](int p, float *to) {
      const int j = p / 2;
      const auto t = static_cast<size_t>(p % 2);
      const float weights[4] = {kLowPass[t], kLowPass[t + 2], kHighPass[t], kHighPass[t + 2]};
      const float *const rows[4] = {row_or_zeros(low, j), row_or_zeros(low, j - 1),
                                    row_or_zeros(high, j), row_or_zeros(high, j - 1)};
      add_weighted(rows, weights, out.width, to);
    };
    for (int y = first; y < end; ++y) {
      float *to = out.row(y);
      std::fill_n(to, out.width, 0.0F);
      gather(y + kBefore, to);
      for (const int beyond : {-1, out.height, out.height + 1}) {
        if (mirrored(beyond, out.height) == y) gather(beyond + kBefore, to);
      }
    }
  });
}

}  // namespace hcd::cpu
