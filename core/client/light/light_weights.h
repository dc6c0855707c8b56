// SPDX-License-Identifier: BSD-2-Clause
// What a light network computes with, for those who execute it: the CPU (client/light), a GPU
// (engine/cuda).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/light/conv.h"
#include "client/light/spec.h"

namespace hcd::client {

// A layer as it was trained, but for its bias, which is of code values.
struct Layer {
  ConvSpec spec;
  std::vector<float> weights, bias;  // [out][in][k][k]; [out]
};

// A layer in whole numbers of 16 bits: see integer.h.
struct IntegerLayer {
  ConvSpec spec;
  std::vector<int16_t> weights;  // [out][in][k][k]
  std::vector<int32_t> bias;     // [out]
  Conv16::Sum sum;               // what becomes of a sum
};

struct LightWeights {
  std::string title;  // begins every message: "weights 'x.safetensors'"
  NetSpec spec;
  std::vector<Layer> layers;
  std::vector<IntegerLayer> integer;  // `layers` in whole numbers, for f alone; empty: in float32
};

// The weights [in][out][k][k] that pull a gradient back through a layer's convolution: channels
// exchanged, turned by half a turn.
std::vector<float> transposed(const Layer &layer);

}  // namespace hcd::client
