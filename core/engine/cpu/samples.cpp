// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/samples.h"

#include <algorithm>
#include <atomic>

#include "base/random.h"
#include "engine/cpu/row_ops.h"

namespace hcd::cpu {
namespace {

using image::Geometry;

constexpr int kRowsPerPiece = 64;

// Where component `c` of a frame lies: first sample, samples from one to the next, bytes from row
// to row.
struct Storage {
  uint8_t *data;
  int step;
  ptrdiff_t stride;
};
Storage storage(const hcd_format &format, const hcd_frame &frame, int c) {
  if (format.layout == HCD_LAYOUT_NV12 && c > 0) {
    return {frame.data[1] + (c - 1) * (format.depth > 8 ? 2 : 1), 2, frame.stride[1]};
  }
  return {frame.data[c], 1, frame.stride[c]};
}

// Runs `work(y)` for every row.
template <typename Work>
void for_pieces(int height, ThreadPool &pool, const Work &work) {
  pool.run((height + kRowsPerPiece - 1) / kRowsPerPiece, [&](int piece) {
    const int last = std::min(height, (piece + 1) * kRowsPerPiece);
    for (int y = piece * kRowsPerPiece; y < last; ++y) work(y);
  });
}

// Runs `work(c, y)` for every row of every component.
template <typename Work>
void for_rows(const hcd_format &format, ThreadPool &pool, const Work &work) {
  for (int c = 0; c < image::n_components(format); ++c) {
    for_pieces(image::component_height(format, c), pool, [&](int y) { work(c, y); });
  }
}

float code_scale(int depth) { return static_cast<float>(1 << (depth - 8)); }

image::Range code_range(int depth, image::Range range) {
  const float scale = code_scale(depth), top = static_cast<float>((1 << depth) - 1);
  return {std::min(range.low * scale, top), range.high >= 255 ? top : range.high * scale};
}

}  // namespace

bool clip(Plane plane, const image::Range &range, ThreadPool &pool) {
  std::atomic<bool> clipped = false;
  for_pieces(plane.height, pool, [&](int y) {
    if (clip_row(plane.row(y), range, plane.width)) clipped = true;
  });
  return clipped;
}

void unpack(const hcd_format &format, const hcd_frame &frame, float *out, ThreadPool &pool) {
  const Geometry geometry(format);
  for_rows(format, pool, [&](int c, int y) {
    const Storage from = storage(format, frame, c);
    const Plane plane = geometry.plane(out, c);
    const uint8_t *row = from.data + y * from.stride;
    if (format.depth == 8) {
      unpack_row(row, {1, 0, from.step}, plane.row(y), plane.width);
    } else {
      unpack_row(reinterpret_cast<const uint16_t *>(row),
                 {code_scale(format.depth), format.shift, from.step}, plane.row(y), plane.width);
    }
  });
}

void pack(const hcd_format &format, const float *in, const image::Ranges &ranges,
          const hcd_frame &frame, ThreadPool &pool) {
  const Geometry geometry(format);
  for_rows(format, pool, [&](int c, int y) {
    const Storage to = storage(format, frame, c);
    const ConstPlane plane = geometry.plane(in, c);
    const image::Range codes = code_range(format.depth, ranges[static_cast<size_t>(c)]);
    uint8_t *row = to.data + y * to.stride;
    if (format.depth == 8) {
      pack_row(plane.row(y), codes, {1, 0, to.step}, row, plane.width);
    } else {
      pack_row(plane.row(y), codes, {code_scale(format.depth), format.shift, to.step},
               reinterpret_cast<uint16_t *>(row), plane.width);
    }
  });
}

void quantise(int depth, const image::Range &range, Plane plane, ThreadPool &pool) {
  const image::Range codes = code_range(depth, range);
  for_pieces(plane.height, pool,
             [&](int y) { quantise_row(plane.row(y), codes, code_scale(depth), plane.width); });
}

uint64_t hash_frame(const hcd_format &format, const hcd_frame &frame, uint64_t seed) {
  uint64_t hash = seed;
  const size_t bytes = format.depth > 8 ? 2 : 1;
  const int planes = format.layout == HCD_LAYOUT_NV12 ? 2 : image::n_components(format);
  for (int p = 0; p < planes; ++p) {
    const size_t interleaved = format.layout == HCD_LAYOUT_NV12 && p == 1 ? 2 : 1;
    const size_t row_bytes =
        static_cast<size_t>(image::component_width(format, p)) * bytes * interleaved;
    for (int y = 0; y < image::component_height(format, p); ++y) {
      hash = hash_bytes(frame.data[p] + y * frame.stride[p], row_bytes, hash);
    }
  }
  return hash;
}

}  // namespace hcd::cpu
