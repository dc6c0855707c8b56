// SPDX-License-Identifier: BSD-2-Clause
// The subcommand convert: published weights into this project's weight files.
#pragma once

#include <string>
#include <vector>

namespace hcd::tools {

struct ConvertWeightsArguments {
  std::vector<std::string> files;     // one input or several of torch.save, and the output
  std::vector<std::string> prefixes;  // of the tensors of each input; empty: see convert_weights()
  std::string model;
  int scale = 0;
  std::string config = "{}";  // a JSON object: sizes that differ from the published ones
  std::string licence;        // "": not known
};

// Writes the tensors of all inputs into one safetensors file: F64 and BF16 become F32, other types
// stay. Those of a single input keep their names; those of several get the name of their file in
// front (CAR: kgn.pth and usn.pth give kgn.* and usn.*), or the prefix given. Throws ToolError and
// hcd::Error; then no file has been written.
void run_convert_weights(const ConvertWeightsArguments &arguments);

}  // namespace hcd::tools
