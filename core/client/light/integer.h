// SPDX-License-Identifier: BSD-2-Clause
// A light network in whole numbers of 16 bits: the way there alone, about twice as fast as float32,
// with the same bits on every machine.
#pragma once

#include <vector>

#include "client/light/conv.h"
#include "client/light/light_weights.h"

namespace hcd::client {

// What one code value is in the whole numbers that go into the first layer: to both sides of what a
// frame has there is room for as much again.
inline constexpr float kIntegerInput = 64;

// `ranges`: the largest magnitude of what each layer gave on pictures that ask for much; there is
// room for twice of it or more, beyond which values are clipped. The last layer gives floats.
//
// A layer's weights are multiplied by what makes a right shift of a sum the next layer's value,
// with as many bits as no picture can lead out of 32: the sum of a channel's magnitudes stays below
// 2^16.
std::vector<IntegerLayer> make_integer(const std::vector<Layer> &layers,
                                       const std::vector<float> &ranges);

// Them, as they are run row by row.
std::vector<Conv16> make_convs(const std::vector<IntegerLayer> &layers);

}  // namespace hcd::client
