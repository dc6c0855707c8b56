// SPDX-License-Identifier: BSD-2-Clause
// What each subcommand takes and what its help says, by CLI11.
#include "tools/command_line.h"

#include <hcd/hcd.h>

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

namespace hcd::tools {
namespace {

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

// Adds an option for each of `infos`; `values` receives those given.
void add_options(CLI::App *app, const std::vector<OptionInfo> &infos, bool with_sizes,
                 OptionTexts *values) {
  for (const OptionInfo &info : infos) {
    if (info.is_size && !with_sizes) continue;
    const std::string name = info.name;
    app->add_option_function<std::string>(
           option_flags(name), [=](const std::string &text) { (*values)[name] = text; },
           wrapped(info.help))
        ->type_name(info.type);
  }
}

void add_convert(CLI::App *app, const std::vector<OptionInfo> &infos, ConvertArguments *arguments) {
  app->add_option("input", arguments->input, "folder of PNG pictures, or one PNG file")
      ->required()
      ->type_name("FOLDER|FILE");
  app->add_option("-o,--output", arguments->output,
                  wrapped("folder for the results; made where it is missing"))
      ->required()
      ->type_name("FOLDER");
  add_options(app, infos, true, &arguments->options);
  app->add_flag("-v,--verbose", arguments->verbose, "show what the library tells");
  app->footer(std::string(kPictures) + kExitCodes);
}

void add_evaluate(CLI::App *app, EvaluateArguments *arguments) {
  app->add_option("--set", arguments->set, "folder of PNG pictures, or one PNG file")
      ->required()
      ->type_name("FOLDER");
  add_options(app, down_options(), false, &arguments->options);
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
  CLI::Option *wide = app->add_flag_callback(
      "--long", [=] { arguments->format = ModelsFormat::kLong; },
      wrapped(
          "the networks with their figures: what they see, parameters, receptive field in small "
          "pixels, multiplications of enlarging, weights, whether tiles give exactly what the "
          "whole picture gives, licence, paper"));
  CLI::Option *json = app->add_flag_callback(
      "--json", [=] { arguments->format = ModelsFormat::kJson; }, "all of it as JSON");
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

CommandLine::Command command_of(const CLI::App &app) {
  if (app.got_subcommand("down")) return CommandLine::Command::kDown;
  if (app.got_subcommand("up")) return CommandLine::Command::kUp;
  if (app.got_subcommand("evaluate")) return CommandLine::Command::kEvaluate;
  return CommandLine::Command::kModels;
}

}  // namespace

std::optional<CommandLine> parse_command_line(int argc, char **argv, int *exit_code) {
  CommandLine line;
  CLI::App app(kAbout, "hcd");
  app.get_formatter()->column_width(kNameColumn);
  app.set_version_flag("--version", std::string("hcd ") + hcd_version());
  app.require_subcommand(1);
  app.footer(kExitCodes);
  app.failure_message([](const CLI::App *, const CLI::Error &error) {
    return std::string("hcd: ") + error.what() +
           "\nhcd: \"hcd COMMAND --help\" explains the options\n";
  });
  add_models(app.add_subcommand("models", "list the models, one a line, name first"), &line.models);
  add_convert(app.add_subcommand("down", "make small pictures that the client enlarges best"),
              down_options(), &line.convert);
  add_convert(app.add_subcommand("up", "enlarge pictures as the client does"), up_options(),
              &line.convert);
  add_evaluate(app.add_subcommand("evaluate", "measure what HCD gains on a set of pictures"),
               &line.evaluate);
  // Only for the list of commands: main() has passed their words on.
  app.add_subcommand("convert", "make weights of PyTorch's files");
  app.add_subcommand("paper", "measure the paper's tables and figures");
  app.add_subcommand("train", "train a network by a recipe (where LibTorch is)");
  app.add_subcommand("tune", "fit the network lite to a title (where LibTorch is)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    *exit_code = app.exit(error) == 0 ? 0 : kExitUsage;
    return std::nullopt;
  }
  line.command = command_of(app);
  return line;
}

}  // namespace hcd::tools
