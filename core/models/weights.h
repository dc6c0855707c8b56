// SPDX-License-Identifier: BSD-2-Clause
// Weight files into parameters and back.
#pragma once

#include <map>
#include <string>

#include "files/safetensors.h"
#include "models/nn.h"

namespace hcd::models {

// A copy of a tensor of a file on the CPU, in its own type.
Tensor to_tensor(const files::TensorView &view);

// Throws HCD_E_FILE unless `file` has each tensor of `params` in its shape, at the time when it is
// asked for: a configuration alone must not cost memory. `file` must outlive the check.
Params::Check check_against(const files::Safetensors &file);

// Fills every parameter with the tensor of its name (`prefix` in front of it), converted to its
// type. Throws HCD_E_FILE where one is missing, has another shape, is not of numbers or not finite,
// or where a tensor with the prefix is left over.
void load_weights(Params &params, const files::Safetensors &file, const std::string &prefix = "");

// Tensors as the bytes of a safetensors file, as F32 or F16.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;
std::vector<uint8_t> encode_tensors(const NamedTensors &tensors,
                                    const std::map<std::string, std::string> &metadata,
                                    bool half = false);
std::vector<uint8_t> encode_weights(const Params &params,
                                    const std::map<std::string, std::string> &metadata,
                                    bool half = false);

}  // namespace hcd::models
