// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/resample.h"

#include <algorithm>

#include "base/buffer.h"
#include "engine/cpu/resample_rows.h"

namespace hcd::cpu {
namespace {

// Both directions use the same sweeps over `lanes` neighbouring columns: down a plane they are
// columns of the plane; along its rows they are the rows of a strip, turned on their side.

constexpr int kStrip = 16;     // rows of a strip
constexpr int kColumns = 256;  // columns of a vertical piece of work: its rows stay in the cache
constexpr int kRows = 64;      // rows of a vertical piece of work of resampling

// out[x][r] = in[first + r][x] for `rows` <= kStrip rows; the other lanes are zero.
void to_strip(ConstPlane in, int first, int rows, float *out) {
  const float *top = in.row(first);
  for (int x = 0; x < in.width; ++x, out += kStrip) {
    int r = 0;
    for (; r < rows; ++r) out[r] = top[r * in.stride + x];
    for (; r < kStrip; ++r) out[r] = 0;
  }
}

void from_strip(const float *in, int first, int rows, Plane out) {
  float *top = out.row(first);
  for (int x = 0; x < out.width; ++x, in += kStrip) {
    for (int r = 0; r < rows; ++r) top[r * out.stride + x] = in[r];
  }
}

void apply_vertical(const image::Axis &axis, ConstPlane in, Plane out, ThreadPool &pool) {
  const int pieces = (axis.out + kRows - 1) / kRows;
  pool.run(pieces, [&](int piece) {
    const int first = piece * kRows, last = std::min(axis.out, first + kRows);
    for (int x = 0; x < in.width; x += kColumns) {
      resample_rows(axis, first, last, in.data + x, in.stride, out.row(first) + x, out.stride,
                    std::min(kColumns, in.width - x));
    }
  });
}

void apply_horizontal(const image::Axis &axis, ConstPlane in, Plane out, ThreadPool &pool) {
  const int strips = (in.height + kStrip - 1) / kStrip;
  pool.run(strips, [&](int strip) {
    const int first = strip * kStrip, rows = std::min(kStrip, in.height - first);
    Buffer source(static_cast<size_t>(axis.in) * kStrip),
        result(static_cast<size_t>(axis.out) * kStrip);
    to_strip(in, first, rows, source.data());
    resample_rows(axis, 0, axis.out, source.data(), kStrip, result.data(), kStrip, kStrip);
    from_strip(result.data(), first, rows, out);
  });
}

}  // namespace

void apply(const image::Separable &op, ConstPlane in, Plane out, ThreadPool &pool) {
  // The direction that leaves less work for the other goes first.
  if (op.out_height() <= op.in_height()) {
    Buffer buffer(static_cast<size_t>(op.in_width()) * op.out_height());
    const Plane middle{buffer.data(), op.in_width(), op.out_height()};
    apply_vertical(op.vertical, in, middle, pool);
    apply_horizontal(op.horizontal, middle, out, pool);
  } else {
    Buffer buffer(static_cast<size_t>(op.out_width()) * op.in_height());
    const Plane middle{buffer.data(), op.out_width(), op.in_height()};
    apply_horizontal(op.horizontal, in, middle, pool);
    apply_vertical(op.vertical, middle, out, pool);
  }
}

void apply(const image::Inverse &inverse, ConstPlane y, Plane x, ThreadPool &pool) {
  apply(inverse.pull, y, x, pool);
  pool.run((x.width + kColumns - 1) / kColumns, [&](int piece) {
    const int first = piece * kColumns;
    solve_columns(inverse.vertical, x.data + first, x.stride, std::min(kColumns, x.width - first));
  });
  pool.run((x.height + kStrip - 1) / kStrip, [&](int strip) {
    const int first = strip * kStrip, rows = std::min(kStrip, x.height - first);
    Buffer buffer(static_cast<size_t>(x.width) * kStrip);
    to_strip(x, first, rows, buffer.data());
    solve_columns(inverse.horizontal, buffer.data(), kStrip, kStrip);
    from_strip(buffer.data(), first, rows, x);
  });
}

}  // namespace hcd::cpu
