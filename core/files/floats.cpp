// SPDX-License-Identifier: BSD-2-Clause
#include "files/floats.h"

#include <cmath>
#include <cstring>

namespace hcd::files {
namespace {

float half_to_float(uint16_t half) {
  const int exponent = (half >> 10) & 31, fraction = half & 1023;
  const float size = exponent == 31 ? (fraction ? NAN : INFINITY)
                     : exponent == 0
                         ? std::ldexp(static_cast<float>(fraction), -24)
                         : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  return half & 0x8000 ? -size : size;
}

template <typename T>
T number_at(const TensorView &view, size_t i) {
  T value;
  std::memcpy(&value, view.data.data() + i * sizeof(T), sizeof(T));
  return value;
}

float float_at(const TensorView &view, size_t i) {
  if (view.dtype == Dtype::kF32) return number_at<float>(view, i);
  if (view.dtype == Dtype::kF64) return static_cast<float>(number_at<double>(view, i));
  const auto bits = number_at<uint16_t>(view, i);
  if (view.dtype == Dtype::kF16) return half_to_float(bits);
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;  // BF16
  float value = 0;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

}  // namespace

bool is_floating(Dtype dtype) {
  return dtype == Dtype::kF16 || dtype == Dtype::kF32 || dtype == Dtype::kF64 ||
         dtype == Dtype::kBf16;
}

std::vector<float> to_floats(const TensorView &view) {
  std::vector<float> values(static_cast<size_t>(view.count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = float_at(view, i);
  return values;
}

}  // namespace hcd::files
