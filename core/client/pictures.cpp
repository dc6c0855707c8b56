// SPDX-License-Identifier: BSD-2-Clause
#include "client/pictures.h"

namespace hcd::client {

Pictures::Pictures(const hcd_format &unresolved, image::Colour colour, Engine &engine)
    : engine_(engine),
      geometry_(unresolved),
      channels_(colour == image::Colour::kLuma ? 1 : 3),
      width_(unresolved.width),
      height_(unresolved.height),
      to_(image::codes_to_picture(unresolved, colour)),
      from_(image::inverse(to_)),
      same_(channels_ == 1 && to_ == image::Affine()) {
  const hcd_format format = image::resolve(unresolved);
  const int shift_x = image::shift_x(format, 1), shift_y = image::shift_y(format, 1);
  if (channels_ == 1 || geometry_.n_planes() == 1 || (shift_x == 0 && shift_y == 0)) return;
  // Catmull-Rom: sharper than bilinear, and interpolates where samples are co-sited.
  const image::Kernel &kernel = *image::find_kernel("catmull_rom");
  const image::Position position = image::component_position(format, 1);
  const int width = image::component_width(format, 1), height = image::component_height(format, 1);
  const double ratio_x = 1.0 / (1 << shift_x), ratio_y = 1.0 / (1 << shift_y);
  const image::Separable up{
      image::resize_axis(kernel, {width, width_, ratio_x, position.x, 0.5}),
      image::resize_axis(kernel, {height, height_, ratio_y, position.y, 0.5})};
  const image::Separable down{
      image::resize_axis(kernel, {width_, width, 1 / ratio_x, 0.5, position.x}),
      image::resize_axis(kernel, {height_, height, 1 / ratio_y, 0.5, position.y})};
  up_ = engine.prepare(up);
  down_ = engine.prepare(down);
  up_adjoint_ = engine.prepare(image::transpose(up));
  down_adjoint_ = engine.prepare(image::transpose(down));
}

Plane Pictures::view(float *p) const {
  return {p, channels_, height_, width_, width_, static_cast<ptrdiff_t>(width_) * height_};
}

template <typename T>
std::array<View<T>, 3> Pictures::split(const View<T> &picture) const {
  std::array<View<T>, 3> planes;
  for (int c = 0; c < channels_; ++c) {
    planes[static_cast<size_t>(c)] = {picture.row(c, 0), width_, height_, picture.stride};
  }
  return planes;
}

// The planes of a frame, chroma enlarged by `up`, mixed into a picture.
void Pictures::spread(const image::Affine &affine, bool transposed, const Operator *up,
                      const float *planes, Plane picture) const {
  std::array<ConstPlane, 3> in;
  Buffer chroma[2];
  for (int c = 0; c < n_planes(); ++c) {
    const auto i = static_cast<size_t>(c);
    in[i] = geometry_.plane(planes, c);
    if (c == 0 || !up) continue;
    chroma[i - 1] = engine_.allocate(geometry_.plane(planes, 0).size());
    const Plane enlarged{chroma[i - 1].data(), width_, height_};
    up->apply(in[i], enlarged);
    in[i] = enlarged;
  }
  engine_.mix(affine, transposed, in, split(picture));
}

// The way back: a picture mixed into planes, chroma made small by `down`.
void Pictures::collect(const image::Affine &affine, bool transposed, const Operator *down,
                       ConstPlane picture, float *planes) const {
  std::array<Plane, 3> out;
  Buffer chroma[2];
  for (int c = 0; c < n_planes(); ++c) {
    const auto i = static_cast<size_t>(c);
    out[i] = geometry_.plane(planes, c);
    if (c == 0 || !down) continue;
    chroma[i - 1] = engine_.allocate(static_cast<size_t>(width_) * height_);
    out[i] = {chroma[i - 1].data(), width_, height_};
  }
  engine_.mix(affine, transposed, split(picture), out);
  for (int c = 1; down && c < n_planes(); ++c) {
    down->apply(out[static_cast<size_t>(c)], geometry_.plane(planes, c));
  }
}

ConstPlane Pictures::to_picture(const float *planes, Buffer &memory) const {
  if (same_) return geometry_.plane(planes, 0);
  if (memory.size() < size()) memory = engine_.allocate(size());
  spread(to_, false, up_.get(), planes, view(memory.data()));
  return view(memory.data());
}

void Pictures::to_picture_adjoint(ConstPlane picture, float *planes) const {
  if (same_) {
    if (picture.data != planes) engine_.copy(picture, geometry_.plane(planes, 0));
    return;
  }
  collect(to_, true, up_adjoint_.get(), picture, planes);
}

Plane Pictures::picture_for(float *planes, Buffer &memory) const {
  if (same_) return geometry_.plane(planes, 0);
  if (memory.size() < size()) memory = engine_.allocate(size());
  return view(memory.data());
}

void Pictures::from_picture(ConstPlane picture, float *planes) const {
  if (same_) {
    if (picture.data != planes) engine_.copy(picture, geometry_.plane(planes, 0));
    return;
  }
  collect(from_, false, down_.get(), picture, planes);
}

ConstPlane Pictures::from_picture_adjoint(const float *planes, Buffer &memory) const {
  if (same_) return geometry_.plane(planes, 0);
  if (memory.size() < size()) memory = engine_.allocate(size());
  spread(from_, true, down_adjoint_.get(), planes, view(memory.data()));
  return view(memory.data());
}

}  // namespace hcd::client
