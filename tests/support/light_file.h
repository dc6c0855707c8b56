// SPDX-License-Identifier: BSD-2-Clause
// Weight files of light networks with random values.
#pragma once

#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "client/light/spec.h"
#include "files/safetensors.h"

namespace hcd::test {

// The tensors of a network. They can be changed before they are written.
struct LightWeights {
  struct Values {
    std::vector<int64_t> shape;
    std::vector<float> values;
  };
  std::map<std::string, Values> tensors;
  std::map<std::string, std::string> metadata;

  // As large as keeps the values of a picture in their range.
  explicit LightWeights(const client::NetSpec &spec, const std::string &model = "lite",
                        uint64_t seed = 1)
      : metadata{{"hcd.model", model},
                 {"hcd.scale", std::to_string(spec.scale)},
                 {"hcd.config", client::spec_config(spec)}} {
    const Random random(seed);
    uint64_t n = 0;
    for (size_t i = 0; i < spec.layers.size(); ++i) {
      const client::ConvSpec &c = spec.layers[i];
      const std::string head = std::to_string(i) + ".";
      const double size = std::sqrt(2.0 / (c.in * c.kernel * c.kernel));
      Values &weight = tensors[head + "weight"], &bias = tensors[head + "bias"];
      weight.shape = {c.out, c.in, c.kernel, c.kernel};
      bias.shape = {c.out};
      for (int k = 0; k < c.out * c.in * c.kernel * c.kernel; ++k) {
        weight.values.push_back(static_cast<float>(size * random.normal(n++)));
      }
      for (int k = 0; k < c.out; ++k) {
        bias.values.push_back(static_cast<float>(0.1 * random.normal(n++)));
      }
    }
  }

  std::vector<uint8_t> bytes() const {
    std::map<std::string, files::TensorView> views;
    for (const auto &[name, tensor] : tensors) {
      views[name] = {files::Dtype::kF32,
                     tensor.shape,
                     {reinterpret_cast<const uint8_t *>(tensor.values.data()),
                      tensor.values.size() * sizeof(float)}};
    }
    return files::encode_safetensors(views, metadata);
  }
};

inline std::string write_bytes(const std::string &path, const std::vector<uint8_t> &bytes) {
  std::ofstream stream(path, std::ios::binary);
  stream.write(reinterpret_cast<const char *>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  return path;
}

}  // namespace hcd::test
