// SPDX-License-Identifier: BSD-2-Clause
// hcd shader: a light network as a file for players.
#include "base/atomic_file.h"
#include "tools/commands.h"
#include "tools/error.h"

#include <hcd/hcd.h>

#include <cstdio>
#include <filesystem>

namespace hcd::tools {
namespace {

std::string shader_text(const hcd_shader_params &params) {
  char error[1024] = "";
  size_t length = 0;
  hcd_status status = hcd_shader_write(&params, nullptr, 0, &length, error, sizeof(error));
  if (length == 0) throw ToolError(error);  // else: it says how much room is wanted
  std::string text(length, '\0');
  status = hcd_shader_write(&params, text.data(), length + 1, &length, error, sizeof(error));
  if (status < 0) throw ToolError(error);
  return text;
}

}  // namespace

void run_shader(const ShaderArguments &arguments) {
  const std::string &output = arguments.output;
  if (std::filesystem::exists(output)) {
    if (!std::filesystem::is_regular_file(output)) {
      throw ToolError(output + ": expected the name of a file, found something else");
    }
    if (!arguments.overwrite) {
      throw ToolError(output + ": expected no such file, found one (-y replaces it)");
    }
  }
  hcd_shader_params params = {};
  params.struct_size = sizeof(params);
  if (!arguments.model.empty()) params.model = arguments.model.c_str();
  if (!arguments.weights.empty()) params.weights = arguments.weights.c_str();
  params.scale = arguments.scale;
  params.variant = arguments.compute ? HCD_SHADER_COMPUTE : HCD_SHADER_FRAGMENT;
  params.range = arguments.full ? HCD_RANGE_FULL : HCD_RANGE_LIMITED;
  params.chroma = arguments.chroma ? 1 : 0;
  const std::string text = shader_text(params);
  write_atomically(output, {reinterpret_cast<const uint8_t *>(text.data()), text.size()});
  // What it is stands in its first line.
  std::printf("%s: %s, %zu bytes\n", output.c_str(), text.substr(3, text.find('\n') - 3).c_str(),
              text.size());
}

}  // namespace hcd::tools
