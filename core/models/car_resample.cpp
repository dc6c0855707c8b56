// SPDX-License-Identifier: BSD-2-Clause
#include "models/car_resample.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace hcd::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Sizes {
  int64_t batch, channels, hr_height, hr_width, height, width;
  int64_t kernel, ratio;

  Sizes(const Tensor &image, const Taps &taps)
      : batch(image.size(0)),
        channels(image.size(1)),
        hr_height(image.size(2)),
        hr_width(image.size(3)),
        height(taps.kernels.size(2)),
        width(taps.kernels.size(3)),
        kernel(std::lround(std::sqrt(static_cast<double>(taps.kernels.size(1))))),
        ratio(hr_width / width) {
    HCD_CHECK(taps.kernels.size(0) == batch && kernel * kernel == taps.kernels.size(1) &&
                  taps.offsets_h.sizes() == taps.kernels.sizes() &&
                  taps.offsets_v.sizes() == taps.kernels.sizes(),
              HCD_E_INTERNAL, "resample: kernels and offsets disagree");
    HCD_CHECK(ratio * width == hr_width && ratio * height == hr_height &&
                  border() < std::min(hr_height, hr_width),
              HCD_E_INTERNAL, "resample: %lldx%lld to %lldx%lld is no whole ratio, or too small",
              static_cast<long long>(hr_width), static_cast<long long>(hr_height),
              static_cast<long long>(width), static_cast<long long>(height));
  }

  int64_t border() const { return kernel / 2; }
  int64_t taps() const { return kernel * kernel; }
  // Of the first tap's column from the pixel's first, without offset: the whole part is exact.
  double centre() const { return static_cast<double>(ratio) / 2 - 0.5; }
  // Where [tap, y, 0] of picture n lies in kernels and offsets.
  int64_t row(int64_t n, int64_t tap, int64_t y) const {
    return ((n * taps() + tap) * height + y) * width;
  }
};

// Two neighbours along one axis and how far the sample is from the first.
template <typename T>
struct Place {
  int64_t first, second;
  T fraction;

  // `start`: whole part of the position in the padded picture; `offset`: the rest.
  Place(int64_t start, T offset, int64_t size, int64_t border) {
    const T whole = std::floor(offset);
    fraction = offset - whole;
    const int64_t end = size + 2 * border - 1;
    const T reach =
        static_cast<T>(end) + 1;  // beyond it the result is the same; NaN becomes -reach
    const T bounded = whole > -reach ? std::min(whole, reach) : -reach;
    const int64_t left = std::clamp<int64_t>(start + static_cast<int64_t>(bounded), 0, end);
    first = reflect(left - border, size);
    second = reflect(std::min(left + 1, end) - border, size);
  }

 private:
  static int64_t reflect(int64_t at, int64_t size) {
    if (at < 0) return -at;
    return at < size ? at : 2 * (size - 1) - at;
  }
};

// The four pixels around a sample.
template <typename T>
struct Corners {
  T top, bottom;              // interpolated along the row
  T top_slope, bottom_slope;  // derivative by the column

  Corners(const T *plane, int64_t width, const Place<T> &row, const Place<T> &column) {
    const T *above = plane + row.first * width, *below = plane + row.second * width;
    top_slope = above[column.second] - above[column.first];
    bottom_slope = below[column.second] - below[column.first];
    top = above[column.first] + column.fraction * top_slope;
    bottom = below[column.first] + column.fraction * bottom_slope;
  }
};

// Raw views of contiguous inputs.
template <typename T>
struct Inputs {
  Sizes sizes;
  const T *image, *kernels, *offsets_h, *offsets_v;
  T unit;

  Inputs(const Tensor &image, const Taps &taps, double unit)
      : sizes(image, taps),
        image(image.const_data_ptr<T>()),
        kernels(taps.kernels.const_data_ptr<T>()),
        offsets_h(taps.offsets_h.const_data_ptr<T>()),
        offsets_v(taps.offsets_v.const_data_ptr<T>()),
        unit(static_cast<T>(unit)) {}

  const T *plane(int64_t n, int64_t c) const {
    return image + (n * sizes.channels + c) * sizes.hr_height * sizes.hr_width;
  }

  // Calls visit(tap's index, x, row, column) for each tap of each pixel of LR row y.
  template <typename Visit>
  void for_row(int64_t n, int64_t y, const Visit &visit) const {
    const auto centre = static_cast<T>(sizes.centre());
    for (int64_t tap = 0; tap < sizes.taps(); ++tap) {
      const int64_t i = tap % sizes.kernel, j = tap / sizes.kernel, first = sizes.row(n, tap, y);
      for (int64_t x = 0; x < sizes.width; ++x) {
        const int64_t at = first + x;
        const Place<T> column(x * sizes.ratio + i, centre + unit * offsets_h[at], sizes.hr_width,
                              sizes.border());
        const Place<T> row(y * sizes.ratio + j, centre + unit * offsets_v[at], sizes.hr_height,
                           sizes.border());
        visit(at, x, row, column);
      }
    }
  }
};

// Runs body(n, y) for all LR rows.
template <typename Body>
void parallel_rows(const Sizes &sizes, const Body &body) {
  at::parallel_for(0, sizes.batch * sizes.height, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(i / sizes.height, i % sizes.height);
  });
}

// `out`: zeros, [N, C, h, w].
template <typename T>
void sample_rows(const Inputs<T> &in, T *out) {
  const Sizes &s = in.sizes;
  parallel_rows(s, [&](int64_t n, int64_t y) {
    T *pixels = out + (n * s.channels * s.height + y) * s.width;
    in.for_row(n, y, [&](int64_t at, int64_t x, const Place<T> &row, const Place<T> &column) {
      for (int64_t c = 0; c < s.channels; ++c) {
        const Corners<T> corners(in.plane(n, c), s.hr_width, row, column);
        pixels[c * s.height * s.width + x] +=
            in.kernels[at] * (corners.top + row.fraction * (corners.bottom - corners.top));
      }
    });
  });
}

// Gradients of kernels and offsets from that of the result.
template <typename T>
void taps_gradient(const Inputs<T> &in, const T *gradient, T *kernels, T *offsets_h, T *offsets_v) {
  const Sizes &s = in.sizes;
  parallel_rows(s, [&](int64_t n, int64_t y) {
    const T *pixels = gradient + (n * s.channels * s.height + y) * s.width;
    in.for_row(n, y, [&](int64_t at, int64_t x, const Place<T> &row, const Place<T> &column) {
      T value = 0, right = 0, down = 0;
      for (int64_t c = 0; c < s.channels; ++c) {
        const Corners<T> corners(in.plane(n, c), s.hr_width, row, column);
        const T g = pixels[c * s.height * s.width + x], step = corners.bottom - corners.top;
        value += g * (corners.top + row.fraction * step);
        down += g * step;
        right +=
            g * (corners.top_slope + row.fraction * (corners.bottom_slope - corners.top_slope));
      }
      kernels[at] = value;
      offsets_h[at] = in.unit * in.kernels[at] * right;
      offsets_v[at] = in.unit * in.kernels[at] * down;
    });
  });
}

// Gradient of the picture, added to `image`. One thread per plane, since pixels share samples.
template <typename T>
void image_gradient(const Inputs<T> &in, const T *gradient, T *image) {
  const Sizes &s = in.sizes;
  at::parallel_for(0, s.batch * s.channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      T *plane = image + p * s.hr_height * s.hr_width;
      for (int64_t y = 0; y < s.height; ++y) {
        const T *pixels = gradient + (p * s.height + y) * s.width;
        const auto spread = [&](int64_t at, int64_t x, const Place<T> &row,
                                const Place<T> &column) {
          T *above = plane + row.first * s.hr_width, *below = plane + row.second * s.hr_width;
          const T g = pixels[x] * in.kernels[at];
          const T lower = g * row.fraction, upper = g - lower;
          above[column.second] += upper * column.fraction;
          above[column.first] += upper * (1 - column.fraction);
          below[column.second] += lower * column.fraction;
          below[column.first] += lower * (1 - column.fraction);
        };
        in.for_row(p / s.channels, y, spread);
      }
    }
  });
}

struct Resample : torch::autograd::Function<Resample> {
  static Tensor forward(AutogradContext *context, const Tensor &image, const Tensor &kernels,
                        const Tensor &offsets_h, const Tensor &offsets_v, double unit) {
    context->save_for_backward({image, kernels, offsets_h, offsets_v});
    context->saved_data["unit"] = unit;
    Tensor out = at::zeros({image.size(0), image.size(1), kernels.size(2), kernels.size(3)},
                           image.options());
    AT_DISPATCH_FLOATING_TYPES(image.scalar_type(), "resample", [&] {
      sample_rows(Inputs<scalar_t>(image, {kernels, offsets_h, offsets_v}, unit),
                  out.mutable_data_ptr<scalar_t>());
    });
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor image = saved[0], gradient = gradients[0].contiguous();
    const Taps taps{saved[1], saved[2], saved[3]};
    const double unit = context->saved_data["unit"].toDouble();
    variable_list result(5);
    AT_DISPATCH_FLOATING_TYPES(image.scalar_type(), "resample", [&] {
      const Inputs<scalar_t> in(image, taps, unit);
      const auto *out = gradient.const_data_ptr<scalar_t>();
      if (context->needs_input_grad(0)) {
        result[0] = at::zeros_like(image);
        image_gradient(in, out, result[0].mutable_data_ptr<scalar_t>());
      }
      if (context->needs_input_grad(1) || context->needs_input_grad(2) ||
          context->needs_input_grad(3)) {
        for (size_t i = 1; i < 4; ++i) result[i] = at::empty_like(saved[i]);
        taps_gradient(in, out, result[1].mutable_data_ptr<scalar_t>(),
                      result[2].mutable_data_ptr<scalar_t>(),
                      result[3].mutable_data_ptr<scalar_t>());
      }
    });
    return result;
  }
};

// Padded index of the first neighbour and the fraction, for every LR pixel.
std::pair<Tensor, Tensor> place(const Tensor &start, const Tensor &offset, int64_t end) {
  const Tensor whole = offset.detach().floor();
  return {(start + whole.to(at::kLong)).clamp(0, end), offset - whole};
}

}  // namespace

Tensor resample(const Tensor &image, const Taps &taps, double unit) {
  const Sizes sizes(image, taps);
  const bool loops =
      image.is_cpu() && (image.scalar_type() == at::kFloat || image.scalar_type() == at::kDouble);
  if (!loops) return resample_by_gather(image, taps, unit);
  return Resample::apply(image.contiguous(), taps.kernels.contiguous(), taps.offsets_h.contiguous(),
                         taps.offsets_v.contiguous(), unit);
}

Tensor resample_by_gather(const Tensor &image, const Taps &taps, double unit) {
  const Sizes s(image, taps);
  const int64_t border = s.border();
  const int64_t bottom = s.hr_height + 2 * border - 1, right = s.hr_width + 2 * border - 1;
  const Tensor pixels = at::reflection_pad2d(image, {border, border, border, border}).flatten(2);
  const auto options = image.options().dtype(at::kLong);
  const Tensor columns = at::arange(s.width, options) * s.ratio;
  const Tensor rows = at::arange(s.height, options).unsqueeze(1) * s.ratio;
  const auto take = [&](const Tensor &row, const Tensor &column) {
    const Tensor index = (row * (right + 1) + column).flatten(1).unsqueeze(1);
    return pixels.gather(2, index.expand({-1, s.channels, -1}))
        .view({s.batch, s.channels, s.height, s.width});
  };
  Tensor out;
  for (int64_t tap = 0; tap < s.taps(); ++tap) {
    const auto [left, across] =
        place(columns + tap % s.kernel, taps.offsets_h.select(1, tap) * unit + s.centre(), right);
    const auto [top, along] =
        place(rows + tap / s.kernel, taps.offsets_v.select(1, tap) * unit + s.centre(), bottom);
    const Tensor next = (left + 1).clamp_max(right), below = (top + 1).clamp_max(bottom);
    const Tensor weight = across.unsqueeze(1);
    const Tensor upper = at::lerp(take(top, left), take(top, next), weight);
    const Tensor lower = at::lerp(take(below, left), take(below, next), weight);
    const Tensor sample = at::lerp(upper, lower, along.unsqueeze(1));
    const Tensor term = sample * taps.kernels.select(1, tap).unsqueeze(1);
    out = out.defined() ? out + term : term;
  }
  return out;
}

}  // namespace hcd::models
