// SPDX-License-Identifier: BSD-2-Clause
// One picture under one model and rule: the unit that `hcd paper` computes, keeps and finds again.
#pragma once

#include "tools/options.h"

#include <filesystem>
#include <optional>
#include <string>

namespace hcd::tools {

// How the small picture is made. The paper's norms are L2 norms of the whole small picture on the
// 8-bit scale; they reach the library as RMS per sample (the options budget and step_size).
struct PaperRule {
  OptionTexts options;  // besides model, weights and scale
  std::optional<double> step_norm;
  std::optional<double> budget_norm;
};

struct Cell {
  std::string title;  // for messages: model, picture, options
  std::filesystem::path picture;
  OptionTexts options;  // all but what the norms come to
  std::optional<double> step_norm, budget_norm;
  std::string identity;        // what the result depends on, as JSON
  std::string name;            // SHA-256 of the identity: of the files in the cache
  bool keep_pictures = false;  // <name>-original.png, -small_plain.png, -small.png, -large.png
  double cost = 0;             // expected, in arbitrary units
};

struct CellResult {
  double psnr_y = 0, ssim = 0;  // dB, may be infinite; of Y
  double seconds = 0;           // wall time of making the small picture
  double peak_mib = 0;          // of the process that did nothing else
  OptionTexts options;          // as `hcd evaluate` takes them
};

// What the result of `cell` depends on besides its options: the picture's bytes, the weights' (or
// the library's version, where they are built in) and the version of this command's protocol.
// Sets identity and name. Throws ToolError where a file cannot be read.
void identify(Cell &cell);

// Computes `cell` in this process, peak_mib apart. Kept pictures go to `cache`. Throws ToolError.
CellResult compute(const Cell &cell, const std::filesystem::path &cache);

// One JSON object. from_json() gives nothing where the text is another cell's, or is damaged.
std::string to_json(const Cell &cell, const CellResult &result);
std::optional<CellResult> from_json(const Cell &cell, const std::string &text);

// "--model irn --scale 4 ...".
std::string command_options(const OptionTexts &options);

// The content of a file. Throws ToolError.
std::string read_file(const std::filesystem::path &path);

}  // namespace hcd::tools
