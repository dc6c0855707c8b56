// SPDX-License-Identifier: BSD-2-Clause
// The one view of samples, in host or device memory: planes of a frame and pictures of a network.
#pragma once

#include <algorithm>
#include <cstddef>

namespace hcd {

// Pixels of a plane or a picture.
struct Rect {
  int x = 0, y = 0, width = 0, height = 0;

  int right() const { return x + width; }
  int bottom() const { return y + height; }
  bool contains(int px, int py) const {
    return px >= x && px < right() && py >= y && py < bottom();
  }
  Rect scaled(int s) const { return {x * s, y * s, width * s, height * s}; }
  // As seen from the corner of `outer`.
  Rect relative_to(const Rect &outer) const { return {x - outer.x, y - outer.y, width, height}; }
  Rect common(const Rect &other) const {
    const int x0 = std::max(x, other.x), y0 = std::max(y, other.y);
    return {x0, y0, std::max(0, std::min(right(), other.right()) - x0),
            std::max(0, std::min(bottom(), other.bottom()) - y0)};
  }
  // With `by` pixels more on each side, as far as a picture of that size has them.
  Rect grown(int by, int picture_width, int picture_height) const {
    const int x0 = std::max(0, x - by), y0 = std::max(0, y - by);
    return {x0, y0, std::min(picture_width, right() + by) - x0,
            std::min(picture_height, bottom() + by) - y0};
  }
};

// `channels` planes of `height` rows of `width` samples; rows lie `stride` samples apart, planes
// `plane` samples. Does not own them. What the values mean is the owner's to say.
template <typename T>
struct View {
  T *data = nullptr;
  int channels = 1, height = 0, width = 0;
  ptrdiff_t stride = 0, plane = 0;

  View() = default;
  // One plane.
  View(T *samples, int w, int h, ptrdiff_t row_stride)
      : data(samples), height(h), width(w), stride(row_stride), plane(row_stride * h) {}
  View(T *samples, int w, int h) : View(samples, w, h, w) {}
  View(T *samples, int n_channels, int h, int w, ptrdiff_t row_stride, ptrdiff_t plane_stride)
      : data(samples),
        channels(n_channels),
        height(h),
        width(w),
        stride(row_stride),
        plane(plane_stride) {}

  T *row(int y) const { return data + y * stride; }
  T *row(int c, int y) const { return data + c * plane + y * stride; }
  size_t size() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
  View crop(const Rect &r) const {
    return {data + r.y * stride + r.x, channels, r.height, r.width, stride, plane};
  }
  operator View<const T>() const { return {data, channels, height, width, stride, plane}; }
};
using Plane = View<float>;
using ConstPlane = View<const float>;

}  // namespace hcd
