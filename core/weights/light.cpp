// SPDX-License-Identifier: BSD-2-Clause
#include "weights/light.h"

#include "net/differences.h"
#include "net/weights_error.h"
#include "net/weights_label.h"
#include "weights/file.h"

extern "C" {
#include "hcd_light_weights.inc"  // made by CMake: the symbols, and the table kFiles
}

namespace hcd::weights {

std::span<const uint8_t> find_light(const std::string &model, int scale) {
  return find_in(kFiles, model, scale);
}

net::Safetensors open_light(const std::string &path) {
  net::Safetensors file = net::Safetensors::open(path);
  if (!net::holds_differences(file)) return file;
  const net::WeightsLabel label = net::read_label(file);
  const std::string name = label.model + " x" + std::to_string(label.scale);
  const auto bytes = find_light(label.model, label.scale);
  if (bytes.empty()) {
    throw net::weights_error(path, "differences to the built-in weights of " +
                                       net::printable(name) +
                                       ": expected these, found none in this build");
  }
  return net::expand_differences(file, net::Safetensors::parse(bytes, "built-in " + name));
}

}  // namespace hcd::weights
