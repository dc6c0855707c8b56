// SPDX-License-Identifier: BSD-2-Clause
// A light network as data. It is trained by LibTorch (models/light.h) and run by libhcd itself
// (client/light/light_network.h) from the same description.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hcd::client {

// A convolution with zero padding that keeps the size, then max(v, slope * v).
struct ConvSpec {
  int kernel = 3;       // 1, 3 or 5
  int in = 0, out = 0;  // channels
  float slope = 1;      // of the activation below 0: 1 none, 0 ReLU, between them leaky ReLU

  bool operator==(const ConvSpec &) const = default;
};

// f(x) = depth_to_space(layers(x)) + skip(x) on luma (Colour::kLuma). The last layer has scale^2
// channels: number dy * scale + dx is the pixel at (dx, dy) of each block.
struct NetSpec {
  int scale = 2;
  std::string skip = "bilinear";  // a kernel of image/kernel.h, borders replicated
  std::vector<ConvSpec> layers;

  int64_t parameters() const;
  int64_t macs() const;         // multiplications of the layers per LR pixel
  int receptive_field() const;  // LR pixels on each side

  bool operator==(const NetSpec &) const = default;
};

// Whether `kind` (of client/catalogue.h) names a light network: lite or base.
bool is_light(std::string_view kind);

// The network of a kind at a scale with a configuration as weight files hold it (hcd.config): a
// JSON object, "{}" for the network as the catalogue lists it. Keys, both optional:
//   skip    name of a linear kernel
//   layers  list of {"out": n, "kernel": 1|3|5, "activation": "none"|"relu"|"leaky_relu",
//           "slope": (0, 1)}; kernel 3, no activation and slope 0.1 unless given
// With layers any scale of 2 to 4 is possible. Throws HCD_E_FILE, "configuration of <kind>: ...",
// for anything else, HCD_E_OPTION for a scale that the kind does not have.
NetSpec parse_spec(std::string_view kind, int scale, std::string_view config);

// The configuration that parse_spec() reads back.
std::string spec_config(const NetSpec &spec);

}  // namespace hcd::client
