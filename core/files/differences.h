// SPDX-License-Identifier: BSD-2-Clause
// Weights that were tuned from others which both sides have, as their quantised and entropy-coded
// differences: a quarter of the size of fp16.
//
// A safetensors file: metadata hcd.start and hcd.check (hashes, 16 hexadecimal digits each: of the
// start's tensors, of the differences), the tensors "steps" F32 [n], one step of each tensor of the
// start in the order of their names, and "differences" U8 [bytes], their whole numbers. A value is
// that of the start and its number times the step.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "files/safetensors.h"

namespace hcd::files {

// Of the names, types, shapes and values of all tensors.
uint64_t hash_tensors(const Safetensors &file);

// The bytes of a file with `tuned`, whose names and sizes are those of the start. `metadata` is
// kept beside its own.
std::vector<uint8_t> encode_differences(const Safetensors &start,
                                        const std::map<std::string, std::vector<float>> &tuned,
                                        std::map<std::string, std::string> metadata);

bool holds_differences(const Safetensors &file);

// The weights as F32, with the file's metadata. Throws HCD_E_FILE where they belong to another
// start, or are damaged.
Safetensors expand_differences(const Safetensors &file, const Safetensors &start);

}  // namespace hcd::files
