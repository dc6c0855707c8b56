// SPDX-License-Identifier: BSD-2-Clause
// The subcommands of hcd. All of them throw ToolError.
#pragma once

#include "tools/session.h"

#include <string>

namespace hcd::tools {

struct ModelsArguments {
  bool is_long = false, json = false;
  std::string check;  // a weight file; "": none
  std::string model, scale;
};

// Prints one model a line, name first; or the networks with their figures, one line a scale; or a
// JSON array with all that is known. With a file to check: loads it as the network that it is said
// to be of, and prints nothing; names, shapes or sizes that do not fit are an error.
void run_models(const ModelsArguments &arguments);

struct ConvertArguments {
  std::string input;   // folder or PNG file
  std::string output;  // folder
  OptionTexts options;
  bool verbose = false;
};

// Pictures in, pictures out. Both stop at the first picture that fails; what was written before
// stays.
void run_down(const ConvertArguments &arguments);
void run_up(const ConvertArguments &arguments);

struct EvaluateArguments {
  std::string set;      // folder or PNG file
  OptionTexts options;  // of hcd_down; the client gets those that hcd_up knows too
  std::string keep;     // folder for the pictures behind the scores, or ""
  bool json = false;
  bool verbose = false;
};

// Prints PSNR-Y and SSIM of a set of pictures, plain and with HCD, by the literature's protocol:
// each is cropped to a multiple of the scale; made small and enlarged as 8-bit R'G'B' (or gray,
// full range); compared in BT.601 luma of 16 to 235, not rounded, `scale` pixels cut on each side,
// peak 255. A network that does not take R'G'B' gets the luma rounded to 8 bits. Several clients
// (model=a+b): the mean over them.
void run_evaluate(const EvaluateArguments &arguments);

struct ShaderArguments {
  std::string model, weights;  // "": as hcd_shader_params says
  int scale = 0;
  bool compute = false, full = false, chroma = false;
  std::string output;
  bool overwrite = false;
};

// Writes a light network as a shader for players, whole or not at all, and prints what it is.
void run_shader(const ShaderArguments &arguments);

// Some subcommands are programs of their own: train and tune, so that hcd needs no LibTorch;
// convert and paper, which are written in Python. Where the words of main() begin with one of them,
// becomes that program with the words from the subcommand on: hcd-train, or Python with the package
// python/hcd (scripts/hcd), which also gets the path of this program. They lie beside hcd (in the
// build tree) or in ../libexec/hcd. Python is what the environment variable HCD_PYTHON names, else
// ../venv/bin/python (of scripts/setup) where that is, else python3. An error where something is
// not there.
void run_if_program(char **argv);

}  // namespace hcd::tools
