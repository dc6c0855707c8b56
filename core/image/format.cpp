// SPDX-License-Identifier: BSD-2-Clause
#include "image/format.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/random.h"
#include "base/vector.h"

namespace hcd::image {
namespace {

constexpr int kMaxSize = 32768;
constexpr int kRowsPerPiece = 64;

const char *layout_name(hcd_layout layout) {
  switch (layout) {
    case HCD_LAYOUT_GRAY:
      return "gray";
    case HCD_LAYOUT_YUV420:
      return "yuv420";
    case HCD_LAYOUT_YUV422:
      return "yuv422";
    case HCD_LAYOUT_YUV444:
      return "yuv444";
    case HCD_LAYOUT_NV12:
      return "nv12";
    case HCD_LAYOUT_RGB:
      return "rgb";
  }
  return "unknown layout";
}

bool subsampled(const hcd_format &format, int c) {
  return c > 0 && format.layout != HCD_LAYOUT_RGB && format.layout != HCD_LAYOUT_GRAY;
}

// What a C caller put into an enumeration, which C++ may only read as a number until it is checked.
template <typename Enum>
int number(const Enum &value) {
  int result = 0;
  static_assert(sizeof(value) == sizeof(result));
  std::memcpy(&result, &value, sizeof(result));
  return result;
}

void check_number(const char *what, const char *expected, int found, int min, int max) {
  HCD_CHECK(found >= min && found <= max, HCD_E_FORMAT, "%s: expected %s, found number %d", what,
            expected, found);
}

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
[[gnu::always_inline]] inline void pack_row(const float *in, float scale, Range codes, int shift,
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
HCD_MULTIARCH void pack_row8(const float *in, float scale, Range codes, uint8_t *out,
                             ptrdiff_t step, int width) {
  pack_row<uint8_t>(in, scale, codes, 0, out, step, width);
}
HCD_MULTIARCH void pack_row16(const float *in, float scale, Range codes, int shift, uint8_t *out,
                              ptrdiff_t step, int width) {
  pack_row<uint16_t>(in, scale, codes, shift, out, step, width);
}
HCD_MULTIARCH void quantise_row(float *values, float scale, Range codes, int width) {
  for (int x = 0; x < width; ++x) {
    values[x] = round_code(values[x], scale, codes.low, codes.high) / scale;
  }
}

HCD_MULTIARCH bool clip_values(float *values, Range range, int n) {
  int outside = 0;
  for (int i = 0; i < n; ++i) {
    const float value = values[i];
    values[i] = std::min(std::max(value, range.low), range.high);
    outside |= static_cast<int>(values[i] != value);
  }
  return outside != 0;
}

// Runs `work(c, y)` for every row of every component.
template <typename Work>
void for_rows(const hcd_format &format, ThreadPool &pool, const Work &work) {
  for (int c = 0; c < n_components(format); ++c) {
    const int height = component_height(format, c);
    pool.run((height + kRowsPerPiece - 1) / kRowsPerPiece, [&](int piece) {
      const int last = std::min(height, (piece + 1) * kRowsPerPiece);
      for (int y = piece * kRowsPerPiece; y < last; ++y) work(c, y);
    });
  }
}

float code_scale(const hcd_format &format) { return static_cast<float>(1 << (format.depth - 8)); }

Range code_range(const hcd_format &format, Range range) {
  const float scale = code_scale(format), top = static_cast<float>((1 << format.depth) - 1);
  return {std::min(range.low * scale, top), range.high >= 255 ? top : range.high * scale};
}

}  // namespace

void check_format(const hcd_format &format) {
  HCD_CHECK(format.width >= 1 && format.width <= kMaxSize && format.height >= 1 &&
                format.height <= kMaxSize,
            HCD_E_FORMAT, "frame size: expected 1x1 to %dx%d, found %dx%d", kMaxSize, kMaxSize,
            format.width, format.height);
  check_number("frame layout", "gray, yuv420, yuv422, yuv444, nv12 or rgb", number(format.layout),
               HCD_LAYOUT_GRAY, HCD_LAYOUT_RGB);
  HCD_CHECK(format.depth >= 8 && format.depth <= 16, HCD_E_FORMAT,
            "bit depth: expected 8 to 16, found %d", format.depth);
  const int max_shift = format.depth > 8 ? 16 - format.depth : 0;
  HCD_CHECK(format.shift >= 0 && format.shift <= max_shift, HCD_E_FORMAT,
            "sample shift: expected 0 to %d, found %d", max_shift, format.shift);
  check_number("range", "unspecified, limited or full", number(format.range), HCD_RANGE_UNSPECIFIED,
               HCD_RANGE_FULL);
  check_number("matrix", "unspecified, bt601, bt709 or bt2020", number(format.matrix),
               HCD_MATRIX_UNSPECIFIED, HCD_MATRIX_BT2020);
  check_number("chroma siting", "unspecified to bottom", number(format.siting),
               HCD_SITING_UNSPECIFIED, HCD_SITING_BOTTOM);
}

hcd_format resolve(hcd_format format) {
  if (format.range == HCD_RANGE_UNSPECIFIED) {
    format.range = format.layout == HCD_LAYOUT_RGB ? HCD_RANGE_FULL : HCD_RANGE_LIMITED;
  }
  if (format.matrix == HCD_MATRIX_UNSPECIFIED) {
    format.matrix = format.height >= 720 ? HCD_MATRIX_BT709 : HCD_MATRIX_BT601;
  }
  if (format.siting == HCD_SITING_UNSPECIFIED) format.siting = HCD_SITING_LEFT;
  return format;
}

int n_components(const hcd_format &format) { return format.layout == HCD_LAYOUT_GRAY ? 1 : 3; }

int shift_x(const hcd_format &format, int c) {
  return subsampled(format, c) && format.layout != HCD_LAYOUT_YUV444 ? 1 : 0;
}
int shift_y(const hcd_format &format, int c) {
  return subsampled(format, c) &&
                 (format.layout == HCD_LAYOUT_YUV420 || format.layout == HCD_LAYOUT_NV12)
             ? 1
             : 0;
}
int component_width(const hcd_format &format, int c) {
  return (format.width + shift_x(format, c)) >> shift_x(format, c);
}
int component_height(const hcd_format &format, int c) {
  return (format.height + shift_y(format, c)) >> shift_y(format, c);
}

Position component_position(const hcd_format &format, int c) {
  Position position;
  const hcd_siting siting = resolve(format).siting;
  if (shift_x(format, c)) {
    const bool left = siting == HCD_SITING_LEFT || siting == HCD_SITING_TOPLEFT ||
                      siting == HCD_SITING_BOTTOMLEFT;
    position.x = left ? 0.25 : 0.5;
  }
  if (shift_y(format, c)) {
    if (siting == HCD_SITING_TOPLEFT || siting == HCD_SITING_TOP) position.y = 0.25;
    if (siting == HCD_SITING_BOTTOMLEFT || siting == HCD_SITING_BOTTOM) position.y = 0.75;
  }
  return position;
}

Range component_range(const hcd_format &format, int c) {
  if (resolve(format).range == HCD_RANGE_FULL) return {0, 255};
  return c == 0 || format.layout == HCD_LAYOUT_RGB ? Range{16, 235} : Range{16, 240};
}

Range shown_range(const hcd_format &format) {
  return {0, static_cast<float>((1 << format.depth) - 1) / code_scale(format)};
}

Ranges legal_ranges(const hcd_format &format) {
  return {component_range(format, 0), component_range(format, 1), component_range(format, 2)};
}

bool clip(const Plane &plane, const Range &range, ThreadPool &pool) {
  std::atomic<bool> clipped = false;
  pool.run((plane.height + kRowsPerPiece - 1) / kRowsPerPiece, [&](int piece) {
    const int first = piece * kRowsPerPiece;
    const int rows = std::min(plane.height - first, kRowsPerPiece);
    if (clip_values(plane.row(first), range, plane.width * rows)) clipped = true;
  });
  return clipped;
}

std::string describe(const hcd_format &format) {
  return format_text("%dx%d %s %d-bit", format.width, format.height, layout_name(format.layout),
                     format.depth);
}

Geometry::Geometry(const hcd_format &format) {
  for (int c = 0; c < n_components(format); ++c) {
    planes_.push_back({component_width(format, c), component_height(format, c)});
  }
}

size_t Geometry::offset(int c) const {
  size_t sum = 0;
  for (int i = 0; i < c; ++i) {
    const Size &size = planes_[static_cast<size_t>(i)];
    sum += static_cast<size_t>(size.width) * static_cast<size_t>(size.height);
  }
  return sum;
}

Plane Geometry::plane(float *data, int c) const {
  const Size &size = planes_[static_cast<size_t>(c)];
  return {data + offset(c), size.width, size.height};
}

ConstPlane Geometry::plane(const float *data, int c) const {
  const Size &size = planes_[static_cast<size_t>(c)];
  return {data + offset(c), size.width, size.height};
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
      unpack_row16(row, from.step, format.shift, 1 / code_scale(format), plane.row(y), plane.width);
    }
  });
}

void pack(const hcd_format &format, const float *in, const Ranges &ranges, const hcd_frame &frame,
          ThreadPool &pool) {
  const Geometry geometry(format);
  for_rows(format, pool, [&](int c, int y) {
    const Storage to = storage(format, frame, c);
    const ConstPlane plane = geometry.plane(in, c);
    const Range codes = code_range(format, ranges[static_cast<size_t>(c)]);
    uint8_t *row = to.data + y * to.stride;
    if (format.depth == 8) {
      pack_row8(plane.row(y), 1, codes, row, to.step, plane.width);
    } else {
      pack_row16(plane.row(y), code_scale(format), codes, format.shift, row, to.step, plane.width);
    }
  });
}

void quantise(const hcd_format &format, float *values, const Ranges &ranges, ThreadPool &pool) {
  const Geometry geometry(format);
  for_rows(format, pool, [&](int c, int y) {
    const Plane plane = geometry.plane(values, c);
    quantise_row(plane.row(y), code_scale(format),
                 code_range(format, ranges[static_cast<size_t>(c)]), plane.width);
  });
}

uint64_t hash_frame(const hcd_format &format, const hcd_frame &frame, uint64_t seed) {
  uint64_t hash = seed;
  const size_t bytes = format.depth > 8 ? 2 : 1;
  const int planes = format.layout == HCD_LAYOUT_NV12 ? 2 : n_components(format);
  for (int p = 0; p < planes; ++p) {
    const size_t interleaved = format.layout == HCD_LAYOUT_NV12 && p == 1 ? 2 : 1;
    const size_t row_bytes = static_cast<size_t>(component_width(format, p)) * bytes * interleaved;
    for (int y = 0; y < component_height(format, p); ++y) {
      hash = hash_bytes(frame.data[p] + y * frame.stride[p], row_bytes, hash);
    }
  }
  return hash;
}

}  // namespace hcd::image
