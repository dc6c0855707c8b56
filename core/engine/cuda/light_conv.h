// SPDX-License-Identifier: BSD-2-Clause
// A layer's weights on the device, as kernels/light.h wants them.
#pragma once

#include <algorithm>
#include <vector>

#include "engine/cuda/device.h"
#include "engine/cuda/kernels/light.h"

namespace hcd::cuda {

inline int divided(int n, int by) { return (n + by - 1) / by; }

// A convolution on the device, and how its kernel is started.
template <typename T>
struct DeviceConv {
  int kernel = 3, per_thread = 8, groups = 1, blocks = 1;
  Buffer memory;
  ConvWeights<T> weights{};
};

// `narrow`: the fewest channels that a thread of a 3x3 kernel gives. `weights`: [out][in][k][k].
template <typename T, typename From>
DeviceConv<T> upload(Device &device, int kernel, int in, int out, int narrow,
                     const std::vector<From> &weights, const std::vector<T> &bias) {
  DeviceConv<T> conv;
  conv.kernel = kernel;
  conv.per_thread = kernel == 3 && out <= narrow ? narrow : 8;
  const int groups = divided(out, conv.per_thread);
  conv.groups = std::min(groups, kMostGroups);
  conv.blocks = divided(groups, conv.groups);
  const int each = std::max(conv.per_thread, 4), row = conv.blocks * conv.groups * each;
  const auto place = [&](int o) { return o / conv.per_thread * each + o % conv.per_thread; };
  const int taps = kernel * kernel;
  std::vector<T> values(static_cast<size_t>(in * taps + 1) * row);
  const size_t end = static_cast<size_t>(in) * taps * row;
  for (int o = 0; o < out; ++o) {
    for (int i = 0; i < in; ++i) {
      for (int y = 0; y < kernel; ++y) {
        for (int x = 0; x < kernel; ++x) {
          values[static_cast<size_t>((i * taps + x * kernel + y) * row + place(o))] =
              weights[static_cast<size_t>(((o * in + i) * kernel + y) * kernel + x)];
        }
      }
    }
    values[end + static_cast<size_t>(place(o))] = bias[static_cast<size_t>(o)];
  }
  static_assert(sizeof(T) == sizeof(float));
  conv.memory = device.allocate(values.size());
  device.copy(values.data(), conv.memory.data(), values.size() * sizeof(T));
  const auto *data = reinterpret_cast<const T *>(conv.memory.data());
  conv.weights = {data, data + end, in, out};
  return conv;
}

}  // namespace hcd::cuda
