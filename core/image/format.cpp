// SPDX-License-Identifier: BSD-2-Clause
#include "image/format.h"

#include <cstring>

#include "base/error.h"

namespace hcd::image {
namespace {

constexpr int kMaxSize = 32768;

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

int n_operators(const hcd_format &format) {
  const bool alike = n_components(format) == 1 || format.layout == HCD_LAYOUT_RGB ||
                     format.layout == HCD_LAYOUT_YUV444;
  return alike ? 1 : 2;
}

Separable resize_plane(const Kernel &kernel, const hcd_format &in, const hcd_format &out, int c) {
  return resize(kernel, component_width(in, c), component_height(in, c), component_width(out, c),
                component_height(out, c), component_position(in, c));
}

Range component_range(const hcd_format &format, int c) {
  if (resolve(format).range == HCD_RANGE_FULL) return {0, 255};
  return c == 0 || format.layout == HCD_LAYOUT_RGB ? Range{16, 235} : Range{16, 240};
}

Range shown_range(const hcd_format &format) {
  return {0, static_cast<float>((1 << format.depth) - 1) / code_scale(format.depth)};
}

Ranges legal_ranges(const hcd_format &format) {
  return {component_range(format, 0), component_range(format, 1), component_range(format, 2)};
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

}  // namespace hcd::image
