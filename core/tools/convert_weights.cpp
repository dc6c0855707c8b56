// SPDX-License-Identifier: BSD-2-Clause
// The subcommand convert: see the header.
#include "tools/convert_weights.h"

#include "base/sha256.h"
#include "files/checkpoint.h"
#include "tools/error.h"
#include "tools/options.h"
#include "tools/output_file.h"
#include "tools/session.h"

#include <bit>
#include <cstdio>
#include <cstring>
#include <deque>
#include <filesystem>
#include <map>

#include <nlohmann/json.hpp>

namespace hcd::tools {
namespace {

namespace fs = std::filesystem;

constexpr char kUnknownLicence[] = "see the authors' repository; not checked";

using Metadata = std::map<std::string, std::string>;

// The tensors of the output, and what keeps them alive.
struct Weights {
  std::deque<files::Checkpoint> inputs;
  std::deque<std::vector<uint8_t>> converted;
  std::map<std::string, files::TensorView> tensors;
};

void check_config(const std::string &text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    throw ToolError("option config: expected a JSON object, found '" + text + "'");
  }
}

// The output may be an older result, but no input.
void check_output(const std::vector<std::string> &inputs, const std::string &output) {
  for (const std::string &input : inputs) {
    std::error_code none;
    if (fs::equivalent(input, output, none)) {
      throw ToolError(output + ": the result would overwrite an input; give another name");
    }
  }
}

std::vector<std::string> prefixes_of(const ConvertWeightsArguments &arguments,
                                     const std::vector<std::string> &inputs) {
  if (!arguments.prefixes.empty()) {
    if (arguments.prefixes.size() != inputs.size()) {
      throw ToolError("option prefix: expected one for each of " + std::to_string(inputs.size()) +
                      " inputs, found " + std::to_string(arguments.prefixes.size()));
    }
    return arguments.prefixes;
  }
  if (inputs.size() == 1) return {""};
  std::vector<std::string> prefixes;
  for (const std::string &input : inputs) prefixes.push_back(fs::path(input).stem().string() + ".");
  return prefixes;
}

float read_float(files::Dtype dtype, const uint8_t *bytes) {
  if (dtype == files::Dtype::kF64) {
    double value = 0;
    std::memcpy(&value, bytes, sizeof(value));
    return static_cast<float>(value);
  }
  uint16_t upper = 0;  // BF16: the upper half of an F32
  std::memcpy(&upper, bytes, sizeof(upper));
  return std::bit_cast<float>(uint32_t{upper} << 16);
}

files::TensorView to_f32(const files::TensorView &view, std::deque<std::vector<uint8_t>> *owner) {
  const auto count = static_cast<size_t>(view.count());
  std::vector<uint8_t> &bytes = owner->emplace_back(count * sizeof(float));
  for (size_t i = 0; i < count; ++i) {
    const float value = read_float(view.dtype, &view.data[i * files::dtype_bytes(view.dtype)]);
    std::memcpy(&bytes[i * sizeof(float)], &value, sizeof(float));
  }
  return {files::Dtype::kF32, view.shape, bytes};
}

void add_input(const std::string &path, const std::string &prefix, Weights *weights) {
  const files::Checkpoint &input = weights->inputs.emplace_back(files::Checkpoint::open(path));
  for (const auto &[name, view] : input.tensors()) {
    const bool keep = view.dtype != files::Dtype::kF64 && view.dtype != files::Dtype::kBf16;
    const bool is_new =
        weights->tensors.emplace(prefix + name, keep ? view : to_f32(view, &weights->converted))
            .second;
    if (!is_new) {
      throw ToolError(path + ": expected each tensor once, found '" + prefix + name +
                      "' in another input too; give each input a --prefix");
    }
  }
}

Metadata metadata_of(const ConvertWeightsArguments &arguments,
                     const std::vector<std::string> &inputs, const Weights &weights) {
  std::string source;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (i > 0) source += ", ";
    source +=
        fs::path(inputs[i]).filename().string() + " sha256:" + sha256(weights.inputs[i].bytes());
  }
  return {{"format", "pt"},
          {"hcd.model", arguments.model},
          {"hcd.scale", std::to_string(arguments.scale)},
          {"hcd.config", arguments.config},
          {"hcd.source", source},
          {"hcd.licence", arguments.licence.empty() ? kUnknownLicence : arguments.licence}};
}

OptionTexts model_options(const ConvertWeightsArguments &arguments, const std::string &weights) {
  return {{"model", arguments.model},
          {"scale", std::to_string(arguments.scale)},
          {"weights", weights},
          {"device", "cpu"}};
}

// Loads the written file as the network that it is said to be of: names and shapes must fit.
void check_against_model(const ConvertWeightsArguments &arguments, const OutputFile &file,
                         const std::string &output) {
  hcd_format format = {};
  format.struct_size = sizeof(format);
  format.width = format.height = 64;
  format.layout = HCD_LAYOUT_GRAY;
  format.depth = 8;
  try {
    const OptionTexts options = model_options(arguments, file.temporary_path());
    Session::up(options, false).result_size(format);
  } catch (const ToolError &error) {
    std::string text = error.what();  // of the name that the file is to get
    const size_t at = text.find(file.temporary_path());
    if (at != std::string::npos) text.replace(at, file.temporary_path().size(), output);
    throw ToolError(text);
  }
}

}  // namespace

void run_convert_weights(const ConvertWeightsArguments &arguments) {
  std::vector<std::string> inputs = arguments.files;
  const std::string output = inputs.back();
  inputs.pop_back();
  Session::up(model_options(arguments, output), false);  // there is such a model, and such a scale
  check_config(arguments.config);
  check_output(inputs, output);
  const std::vector<std::string> prefixes = prefixes_of(arguments, inputs);
  Weights weights;
  for (size_t i = 0; i < inputs.size(); ++i) add_input(inputs[i], prefixes[i], &weights);
  OutputFile file(output);
  file.write(files::encode_safetensors(weights.tensors, metadata_of(arguments, inputs, weights)));
  check_against_model(arguments, file, output);
  file.commit();
  int64_t count = 0;
  for (const auto &[name, view] : weights.tensors) count += view.count();
  std::printf("%s: %zu tensors, %lld values\n", output.c_str(), weights.tensors.size(),
              static_cast<long long>(count));
}

}  // namespace hcd::tools
