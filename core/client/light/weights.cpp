// SPDX-License-Identifier: BSD-2-Clause
#include "client/light/weights.h"

#include "client/weights_label.h"
#include "files/differences.h"
#include "files/weights_error.h"
#include "weights/builtin.h"

namespace hcd::client {

files::Safetensors open_light(const std::string &path) {
  files::Safetensors file = files::Safetensors::open(path);
  if (!files::holds_differences(file)) return file;
  const WeightsLabel label = read_label(file);
  const std::string name = label.model + " x" + std::to_string(label.scale);
  const auto bytes = weights::find_light(label.model, label.scale);
  if (bytes.empty()) {
    throw files::weights_error(path, "differences to the built-in weights of " +
                                         files::printable(name) +
                                         ": expected these, found none in this build");
  }
  return files::expand_differences(file, files::Safetensors::parse(bytes, "built-in " + name));
}

}  // namespace hcd::client
