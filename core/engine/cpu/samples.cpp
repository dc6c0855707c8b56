// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/samples.h"

#include <algorithm>
#include <atomic>

#include "base/random.h"
#include "engine/cpu/vector.h"

namespace hcd::cpu {
namespace {

using image::Geometry;

constexpr int kRowsPerPiece = 64;

// Where component `c` of a frame lies: first sample, bytes from sample to sample and row to row.
struct Storage {
  uint8_t *data;
  ptrdiff_t step, stride;
};
Storage storage(const hcd_format &format, const hcd_frame &frame, int c) {
  const ptrdiff_t bytes = format.depth > 8 ? 2 : 1;
  if (format.layout == HCD_LAYOUT_NV12 && c > 0) {
    return {frame.data[1] + (c - 1) * bytes, 2 * bytes, frame.stride[1]};
  }
  return {frame.data[c], bytes, frame.stride[c]};
}

template <typename T>
[[gnu::always_inline]] inline void unpack_row(const uint8_t *in, ptrdiff_t step, int shift,
                                              float scale, float *out, int width) {
  const T *samples = reinterpret_cast<const T *>(in);
  if (step == static_cast<ptrdiff_t>(sizeof(T))) {
    for (int x = 0; x < width; ++x) out[x] = static_cast<float>(samples[x] >> shift) * scale;
  } else {
    for (int x = 0; x < width; ++x) out[x] = static_cast<float>(samples[2 * x] >> shift) * scale;
  }
}
HCD_MULTIARCH void unpack_row8(const uint8_t *in, ptrdiff_t step, float *out, int width) {
  unpack_row<uint8_t>(in, step, 0, 1.0F, out, width);
}
HCD_MULTIARCH void unpack_row16(const uint8_t *in, ptrdiff_t step, int shift, float scale,
                                float *out, int width) {
  unpack_row<uint16_t>(in, step, shift, scale, out, width);
}

// Adding and taking away 1.5 * 2^23 rounds a float of this size to a whole number, ties to even.
constexpr float kRound = 12582912.0F;
[[gnu::always_inline]] inline float round_code(float value, float scale, float low, float high) {
  const float code = (value * scale + kRound) - kRound;
  return std::min(std::max(code, low), high);
}

template <typename T>
[[gnu::always_inline]] inline void pack_row(const float *in, float scale, image::Range codes, int shift,
                                            uint8_t *out, ptrdiff_t step, int width) {
  T *samples = reinterpret_cast<T *>(out);
  const int stride = static_cast<int>(step / static_cast<ptrdiff_t>(sizeof(T)));
  if (stride == 1) {
    for (int x = 0; x < width; ++x) {
      const int code = static_cast<int>(round_code(in[x], scale, codes.low, codes.high));
      samples[x] = static_cast<T>(code << shift);
    }
    return;
  }
  for (int x = 0; x < width; ++x) {
    const int code = static_cast<int>(round_code(in[x], scale, codes.low, codes.high));
    samples[x * stride] = static_cast<T>(code << shift);
  }
}
HCD_MULTIARCH void pack_row8(const float *in, float scale, image::Range codes, uint8_t *out,
                             ptrdiff_t step, int width) {
  pack_row<uint8_t>(in, scale, codes, 0, out, step, width);
}
HCD_MULTIARCH void pack_row16(const float *in, float scale, image::Range codes, int shift, uint8_t *out,
                              ptrdiff_t step, int width) {
  pack_row<uint16_t>(in, scale, codes, shift, out, step, width);
}
HCD_MULTIARCH void quantise_row(float *values, float scale, image::Range codes, int width) {
  for (int x = 0; x < width; ++x) {
    values[x] = round_code(values[x], scale, codes.low, codes.high) / scale;
  }
}

HCD_MULTIARCH bool clip_values(float *values, image::Range range, int n) {
  int outside = 0;
  for (int i = 0; i < n; ++i) {
    const float value = values[i];
    values[i] = std::min(std::max(value, range.low), range.high);
    outside |= static_cast<int>(values[i] != value);
  }
  return outside != 0;
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
    if (clip_values(plane.row(y), range, plane.width)) clipped = true;
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
      unpack_row8(row, from.step, plane.row(y), plane.width);
    } else {
      unpack_row16(row, from.step, format.shift, 1 / code_scale(format.depth), plane.row(y), plane.width);
    }
  });
}

void pack(const hcd_format &format, const float *in, const image::Ranges &ranges, const hcd_frame &frame,
          ThreadPool &pool) {
  const Geometry geometry(format);
  for_rows(format, pool, [&](int c, int y) {
    const Storage to = storage(format, frame, c);
    const ConstPlane plane = geometry.plane(in, c);
    const image::Range codes = code_range(format.depth, ranges[static_cast<size_t>(c)]);
    uint8_t *row = to.data + y * to.stride;
    if (format.depth == 8) {
      pack_row8(plane.row(y), 1, codes, row, to.step, plane.width);
    } else {
      pack_row16(plane.row(y), code_scale(format.depth), codes, format.shift, row, to.step, plane.width);
    }
  });
}

void quantise(int depth, const image::Range &range, Plane plane, ThreadPool &pool) {
  const image::Range codes = code_range(depth, range);
  for_pieces(plane.height, pool, [&](int y) {
    quantise_row(plane.row(y), code_scale(depth), codes, plane.width);
  });
}

uint64_t hash_frame(const hcd_format &format, const hcd_frame &frame, uint64_t seed) {
  uint64_t hash = seed;
  const size_t bytes = format.depth > 8 ? 2 : 1;
  const int planes = format.layout == HCD_LAYOUT_NV12 ? 2 : image::n_components(format);
  for (int p = 0; p < planes; ++p) {
    const size_t interleaved = format.layout == HCD_LAYOUT_NV12 && p == 1 ? 2 : 1;
    const size_t row_bytes = static_cast<size_t>(image::component_width(format, p)) * bytes * interleaved;
    for (int y = 0; y < image::component_height(format, p); ++y) {
      hash = hash_bytes(frame.data[p] + y * frame.stride[p], row_bytes, hash);
    }
  }
  return hash;
}

}  // namespace hcd::cpu
