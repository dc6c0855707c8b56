// SPDX-License-Identifier: BSD-2-Clause
// The hcd command: what each subcommand takes and what its help says, by CLI11.
#include "base/atomic_file.h"
#include "base/error.h"
#include "options/options.h"
#include "tools/commands.h"
#include "tools/error.h"

#include <hcd/hcd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <span>

#include <CLI/CLI.hpp>

namespace hcd::tools {
namespace {

// Exit codes of the command.
constexpr int kExitError = 1;
constexpr int kExitUsage = 2;

using options::Option;

constexpr size_t kNameColumn = 28;  // width of the column of option names in the help
constexpr size_t kTextColumn = 70;  // width of the column of the texts

constexpr char kAbout[] =
    "Collaboratively downscaled pictures: small pictures that a known client enlarges best.\n"
    "\"hcd COMMAND --help\" explains the options of a command.";
constexpr char kExitCodes[] =
    "Exit codes: 0 done; 1 an error, named on standard error; 2 a wrong command line.";
constexpr char kPictures[] =
    "Pictures: PNG, gray or RGB, 8 or 16 bits (palettes are expanded, an alpha channel is\n"
    "refused). Results keep the names and the colour tags; files of the same name in the output\n"
    "folder are replaced, inputs never. The command stops at the first picture that fails.\n";

// `text` with line breaks for the help's column.
std::string wrapped(const std::string &text) {
  std::string result;
  size_t line_length = 0;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find(' ', start), text.size());
    const size_t length = end - start;
    if (line_length > 0) {
      const bool fits = line_length + 1 + length <= kTextColumn;
      result += fits ? ' ' : '\n';
      line_length = fits ? line_length + 1 : 0;
    }
    result.append(text, start, length);
    line_length += length;
    start = end + 1;
  }
  return result;
}

// "--name", and "--first-second,--first_second" for names of several words.
std::string option_flags(const std::string &name) {
  std::string dashed = name;
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  return dashed == name ? "--" + name : "--" + dashed + ",--" + name;
}

// Meaning, unit, range and default.
std::string help_of(const Option &option) {
  if (option.type == Option::Type::kSize) {
    const std::string side = std::string(option.name) == "w" ? "width" : "height";
    return side + " of the result in pixels [1, 32768]; default: from --scale";
  }
  if (option.number == HCD_AUTO) return option.help;  // which tells the default
  std::string value = option.text ? option.text : format_text("%.15g", option.number);
  const auto own = own_defaults().find(option.name);
  if (own != own_defaults().end()) value = own->second;
  return option.help + (" (default: " + (value.empty() ? "none" : value) + ")");
}

// Adds the library's options; `values` receives those given.
void add_options(CLI::App *app, std::span<const Option> all, bool with_sizes, OptionTexts *values) {
  using Type = Option::Type;
  for (const Option &option : all) {
    if (option.type == Type::kRetired || (option.type == Type::kSize && !with_sizes)) continue;
    const std::string name = option.name;
    app->add_option_function<std::string>(
           option_flags(name), [=](const std::string &text) { (*values)[name] = text; },
           wrapped(help_of(option)))
        ->type_name(option.type == Type::kText     ? "TEXT"
                    : option.type == Type::kNumber ? "NUM"
                                                   : "INT");
  }
}

void add_convert(CLI::App *app, std::span<const Option> options, ConvertArguments *arguments) {
  app->add_option("input", arguments->input, "folder of PNG pictures, or one PNG file")
      ->required()
      ->type_name("FOLDER|FILE");
  app->add_option("-o,--output", arguments->output,
                  wrapped("folder for the results; made where it is missing"))
      ->required()
      ->type_name("FOLDER");
  add_options(app, options, true, &arguments->options);
  app->add_flag("-v,--verbose", arguments->verbose, "show what the library tells");
  app->footer(std::string(kPictures) + kExitCodes);
}

void add_evaluate(CLI::App *app, EvaluateArguments *arguments) {
  app->add_option("--set", arguments->set, "folder of PNG pictures, or one PNG file")
      ->required()
      ->type_name("FOLDER");
  add_options(app, options::down_options(), false, &arguments->options);
  app->add_option("--keep", arguments->keep,
                  wrapped("folder for the pictures behind the scores: <name>-original.png, "
                          "-small_plain.png, -small.png and -large.png (what is small, enlarged)"))
      ->type_name("FOLDER")
      ->check(CLI::ExistingDirectory);
  app->add_flag("--json", arguments->json, "print a JSON object instead of a table");
  app->add_flag("-v,--verbose", arguments->verbose, "show what the library tells");
  app->footer(
      "Each picture is cropped to a multiple of the scale (a whole number here), made small in 8\n"
      "bits, plainly and with HCD, and enlarged by the same client (model a+b: the mean of both).\n"
      "PSNR and SSIM are of BT.601 luma (16 to 235), peak 255, \"scale\" pixels cut on each side.\n"
      "JSON: mean.psnr_y_plain, mean.psnr_y, mean.ssim_plain, mean.ssim; pictures: the same of\n"
      "each; seconds: wall time of making the small pictures with HCD; small_samples: of a small\n"
      "picture, all channels; peak_mib: most memory of the process. Infinite PSNR is null.\n" +
      std::string(kExitCodes));
}

void add_models(CLI::App *app, ModelsArguments *arguments) {
  CLI::Option *wide = app->add_flag(
      "--long", arguments->is_long,
      wrapped(
          "the networks with their figures: what they see, parameters, receptive field in small "
          "pixels, multiplications of enlarging, weights, whether tiles give exactly what the "
          "whole picture gives, licence, paper"));
  CLI::Option *json = app->add_flag("--json", arguments->json, "all of it as JSON");
  json->excludes(wide);
  CLI::Option *check =
      app->add_option(
             "--check", arguments->check,
             wrapped("no list: load this file as weights of --model for --scale; what does "
                     "not fit is an error"))
          ->type_name("FILE")
          ->excludes(wide)
          ->excludes(json);
  CLI::Option *model = app->add_option("--model", arguments->model, "name of a network");
  CLI::Option *scale = app->add_option("--scale", arguments->scale, "one of its scales");
  check->needs(model)->needs(scale);
  model->needs(check);
  scale->needs(check);
  app->footer(kExitCodes);
}

void add_shader(CLI::App *app, ShaderArguments *arguments) {
  app->add_option("-o,--output", arguments->output, "the file to write, *.glsl")
      ->required()
      ->type_name("FILE");
  app->add_option("--model", arguments->model,
                  wrapped("a light network: lite or base (default: that of the weights, or lite)"));
  app->add_option("--weights", arguments->weights,
                  wrapped("weights of a light network, as hcd tune and hcd train write them "
                          "(default: those in the library)"))
      ->type_name("FILE");
  app->add_option("--scale", arguments->scale,
                  wrapped("factor of the network: 2, with base also 4 (default: that of the "
                          "weights, or 2)"))
      ->check(CLI::IsMember({2, 4}));
  app->add_option_function<std::string>(
         "--variant", [=](const std::string &word) { arguments->compute = word == "compute"; },
         wrapped("fragment: every player takes it; compute: fewer, larger passes (default: "
                 "fragment)"))
      ->type_name("WORD")
      ->check(CLI::IsMember({"fragment", "compute"}));
  app->add_option_function<std::string>(
         "--range", [=](const std::string &word) { arguments->full = word == "full"; },
         wrapped("of the stream's code values: limited or full, since players do not tell shaders "
                 "(default: limited)"))
      ->type_name("WORD")
      ->check(CLI::IsMember({"limited", "full"}));
  app->add_flag("--chroma", arguments->chroma,
                wrapped("enlarge chroma too, by the kernel that hcd up takes; without it the "
                        "player's own scaler does"));
  app->add_flag("-y,--overwrite", arguments->overwrite, "replace the file of before");
  app->footer(
      "A user shader of mpv and libplacebo, which enlarges luma as hcd up does wherever the "
      "player's\n"
      "output is larger than the stream: mpv --vo=gpu-next --glsl-shaders=FILE small.mkv\n" +
      std::string(kExitCodes));
}

// Runs the subcommand that the arguments name. Returns the exit code; where it is not 0, the
// arguments are wrong, and the text has been printed.
int run(int argc, char **argv) {
  CLI::App app(kAbout, "hcd");
  app.get_formatter()->column_width(kNameColumn);
  app.set_version_flag("--version", std::string("hcd ") + hcd_version());
  app.require_subcommand(1);
  app.footer(kExitCodes);
  app.failure_message([](const CLI::App *, const CLI::Error &error) {
    return std::string("hcd: ") + error.what() +
           "\nhcd: \"hcd COMMAND --help\" explains the options\n";
  });
  ModelsArguments of_models;
  ConvertArguments of_down, of_up;
  EvaluateArguments of_evaluate;
  ShaderArguments of_shader;
  CLI::App *models = app.add_subcommand("models", "list the models, one a line, name first");
  CLI::App *down = app.add_subcommand("down", "make small pictures that the client enlarges best");
  CLI::App *up = app.add_subcommand("up", "enlarge pictures as the client does");
  CLI::App *evaluate =
      app.add_subcommand("evaluate", "measure what HCD gains on a set of pictures");
  CLI::App *shader = app.add_subcommand("shader", "write a light network as a shader for players");
  add_models(models, &of_models);
  add_convert(down, options::down_options(), &of_down);
  add_convert(up, options::up_options(), &of_up);
  add_evaluate(evaluate, &of_evaluate);
  add_shader(shader, &of_shader);
  // Only for the list of commands: run_if_program() has passed their words on.
  app.add_subcommand("convert", "make weights of PyTorch's files");
  app.add_subcommand("paper", "measure the paper's tables and figures");
  app.add_subcommand("train", "train a network by a recipe (where LibTorch is)");
  app.add_subcommand("tune", "fit the network lite to a title (where LibTorch is)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {  // or what asks for help or the version
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (*models) run_models(of_models);
  if (*down) run_down(of_down);
  if (*up) run_up(of_up);
  if (*evaluate) run_evaluate(of_evaluate);
  if (*shader) run_shader(of_shader);
  // A full disk behind standard output must not go unnoticed.
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    throw file_error("standard output", "cannot write", errno);
  }
  return 0;
}

}  // namespace
}  // namespace hcd::tools

int main(int argc, char **argv) {
  using namespace hcd::tools;
  hcd::remove_unfinished_file_on_signals();
  const hcd::PointLocale point;  // whatever a library of this process has chosen
  try {
    run_if_program(argv);
    return run(argc, argv);
  } catch (const std::bad_alloc &) {
    print_message("out of memory");
  } catch (const std::exception &error) {
    print_message(error.what());
  }
  return kExitError;
}
