// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/wavelet.h"

#include <algorithm>
#include <vector>

#include "engine/cpu/vector.h"
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

// low, high = the two filters over four rows.
HCD_MULTIARCH void filter_rows(const float *const rows[kTaps], int n, float *low, float *high) {
  const float *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];
  for (int x = 0; x < n; ++x) {
    low[x] = kLowPass[0] * a[x] + kLowPass[1] * b[x] + kLowPass[2] * c[x] + kLowPass[3] * d[x];
    high[x] = kHighPass[0] * a[x] + kHighPass[1] * b[x] + kHighPass[2] * c[x] + kHighPass[3] * d[x];
  }
}

// The two filters along a row whose sample 0 lies at row[kBefore].
HCD_MULTIARCH void filter_along(const float *row, int n, float *low, float *high) {
  for (int i = 0; i < n; ++i) {
    const float a = row[2 * i], b = row[2 * i + 1], c = row[2 * i + 2], d = row[2 * i + 3];
    low[i] = kLowPass[0] * a + kLowPass[1] * b + kLowPass[2] * c + kLowPass[3] * d;
    high[i] = kHighPass[0] * a + kHighPass[1] * b + kHighPass[2] * c + kHighPass[3] * d;
  }
}

void mirror_ends(float *row, int n) {  // sample 0 at row[kBefore]
  row[0] = row[kBefore + mirrored(-1, n)];
  for (int i = 0; i < kAfter; ++i) row[kBefore + n + i] = row[kBefore + mirrored(n + i, n)];
}

// The adjoint of filter_along(), without the mirror: row has 2 n + 2 samples. The values before
// low[0] and high[0] and after the last are zeros.
HCD_MULTIARCH void spread_along(const float *low, const float *high, int n, float *row) {
  for (int j = 0; j <= n; ++j) {
    const float l = low[j], h = high[j], l1 = low[j - 1], h1 = high[j - 1];
    row[2 * j] = kLowPass[0] * l + kLowPass[2] * l1 + kHighPass[0] * h + kHighPass[2] * h1;
    row[2 * j + 1] = kLowPass[1] * l + kLowPass[3] * l1 + kHighPass[1] * h + kHighPass[3] * h1;
  }
}

// Adds w[0] low + w[1] low1 + w[2] high + w[3] high1.
HCD_MULTIARCH void add_rows(const float *low, const float *low1, const float *high,
                            const float *high1, const float *w, int n, float *out) {
  const float w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
  for (int x = 0; x < n; ++x) out[x] += w0 * low[x] + w1 * low1[x] + w2 * high[x] + w3 * high1[x];
}

}  // namespace

void split(ConstPlane in, const Level &out, ThreadPool &pool) {
  for_pieces(out.low.height, pool, [&](int first, int end) {
    const size_t padded = static_cast<size_t>(in.width) + kBefore + kAfter + 1;
    std::vector<float> low(padded), high(padded);
    for (int i = first; i < end; ++i) {
      const float *rows[kTaps];
      for (int t = 0; t < kTaps; ++t) rows[t] = in.row(mirrored(2 * i - kBefore + t, in.height));
      filter_rows(rows, in.width, low.data() + kBefore, high.data() + kBefore);
      mirror_ends(low.data(), in.width);
      mirror_ends(high.data(), in.width);
      filter_along(low.data(), out.low.width, out.low.row(i), out.bands[0].row(i));
      filter_along(high.data(), out.low.width, out.bands[1].row(i), out.bands[2].row(i));
    }
  });
}

void split_adjoint(const Level &in, Plane out, float *scratch, ThreadPool &pool) {
  const int width = in.low.width, height = in.low.height;
  const Plane low{scratch, out.width, height};
  const Plane high{scratch + low.size(), out.width, height};
  for_pieces(height, pool, [&](int first, int end) {
    const auto n = static_cast<size_t>(width);
    std::vector<float> a(n + 2, 0.0F), b(n + 2, 0.0F), row(2 * n + 2);
    const auto spread = [&](const float *from_low, const float *from_high, float *to) {
      std::copy_n(from_low, width, a.data() + 1);
      std::copy_n(from_high, width, b.data() + 1);
      spread_along(a.data() + 1, b.data() + 1, width, row.data());
      std::copy_n(row.data() + kBefore, out.width, to);
      to[mirrored(-1, out.width)] += row[0];
      // The last of them lies beyond what an odd size reads.
      for (int i = 0; i < kAfter && kBefore + out.width + i < 2 * width + 2; ++i) {
        to[mirrored(out.width + i, out.width)] += row[static_cast<size_t>(kBefore + out.width + i)];
      }
    };
    for (int i = first; i < end; ++i) {
      spread(in.low.row(i), in.bands[0].row(i), low.row(i));
      spread(in.bands[1].row(i), in.bands[2].row(i), high.row(i));
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
      add_rows(row_or_zeros(low, j), row_or_zeros(low, j - 1), row_or_zeros(high, j),
               row_or_zeros(high, j - 1), weights, out.width, to);
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
