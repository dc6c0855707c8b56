// SPDX-License-Identifier: BSD-2-Clause
// The JSON at the beginning of a safetensors file, as it is written: nothing is known of the data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hcd::files {

struct SafetensorsHeader {
  struct Tensor {
    std::string dtype;
    std::vector<uint64_t> shape;    // at most 8
    std::vector<uint64_t> offsets;  // begin and end
  };
  std::map<std::string, std::string> metadata;
  std::map<std::string, Tensor> tensors;
};

// Throws HCD_E_FILE, "weights '<name>': ...", unless `json` is an object of tensors with exactly
// dtype, shape and data_offsets, and of __metadata__ with texts, each key once. Stops at the first
// fault, so that memory is in proportion to what is sound.
SafetensorsHeader parse_safetensors_header(std::string_view json, const std::string &name);

}  // namespace hcd::files
