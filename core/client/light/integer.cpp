// SPDX-License-Identifier: BSD-2-Clause
#include "client/light/integer.h"

#include <algorithm>
#include <cmath>

namespace hcd::client {
namespace {

constexpr double kTop = 32767, kRoom = 2;

// The largest factor for the weights of a layer, in whose input a code value is `unit`: none leaves
// 16 bits, no sum 32.
double largest_factor(const Layer &layer, double unit) {
  const size_t out = layer.bias.size(), each = layer.weights.size() / out;
  double factor = 1e9;
  for (size_t o = 0; o < out; ++o) {
    double sum = 0, most = 0;
    for (size_t i = 0; i < each; ++i) {
      const double weight = std::abs(static_cast<double>(layer.weights[o * each + i]));
      sum += weight;
      most = std::max(most, weight);
    }
    const double bias = std::abs(static_cast<double>(layer.bias[o])) * unit;
    // Rounding adds half of one to each weight, and half of a value to the sum.
    const double room = 0x1p31 - 0x1p30 / 8 - 0x1p15 * 0.5 * static_cast<double>(each);
    const double at_most = std::min(room / (sum * 0x1p15 + bias), kTop / std::max(most, 1e-9));
    factor = std::min(factor, at_most);
  }
  return factor;
}

template <typename T>
std::vector<T> rounded(const std::vector<float> &values, double factor, double more = 0) {
  std::vector<T> result;
  for (const float value : values) {
    result.push_back(static_cast<T>(std::lround(static_cast<double>(value) * factor + more)));
  }
  return result;
}

}  // namespace

std::vector<IntegerLayer> make_integer(const std::vector<Layer> &layers,
                                       const std::vector<float> &ranges) {
  std::vector<IntegerLayer> result;
  double unit = static_cast<double>(kIntegerInput);
  for (size_t i = 0; i < layers.size(); ++i) {
    const Layer &layer = layers[i];
    const ConvSpec &c = layer.spec;
    double factor = largest_factor(layer, unit), more = 0, next = 0;
    Conv16::Sum sum;
    if (i + 1 < layers.size()) {
      // Rounded to a power of two: the arithmetic that found it differs from machine to machine.
      const double range =
          std::exp2(std::ceil(std::log2(std::max(1e-3, static_cast<double>(ranges[i])))));
      next = kTop / kRoom / range;
      // factor unit / next is a power of two.
      sum.shift = std::clamp(static_cast<int>(std::floor(std::log2(factor * unit / next))), 0, 27);
      factor = std::min(factor, std::ldexp(next / unit, sum.shift));
      next = factor * unit / std::ldexp(1.0, sum.shift);
      sum.leak = c.slope;
      more = sum.shift > 0 ? std::ldexp(0.5, sum.shift) : 0;
    } else {
      sum.unit = static_cast<float>(1 / (factor * unit));
    }
    result.push_back({c, rounded<int16_t>(layer.weights, factor),
                      rounded<int32_t>(layer.bias, factor * unit, more), sum});
    unit = next;
  }
  return result;
}

std::vector<Conv16> make_convs(const std::vector<IntegerLayer> &layers) {
  std::vector<Conv16> result;
  int stride = 1;
  for (const auto &[c, weights, bias, sum] : layers) {
    result.emplace_back(c.kernel, c.in, c.out, stride, weights, bias, sum);
    stride = result.back().out_stride();
  }
  return result;
}

}  // namespace hcd::client
