// SPDX-License-Identifier: BSD-2-Clause
// The command line of hcd: see the header.
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

void add_models(CLI::App *app, ModelsFormat *format) {
  CLI::Option *wide = app->add_flag_callback(
      "--long", [=] { *format = ModelsFormat::kLong; },
      wrapped(
          "the networks with their figures: what they see, parameters, receptive field in small "
          "pixels, multiplications of enlarging, weights, whether tiles give exactly what the "
          "whole picture gives, licence, paper"));
  app->add_flag_callback(
         "--json", [=] { *format = ModelsFormat::kJson; }, "all of it as JSON")
      ->excludes(wide);
  app->footer(kExitCodes);
}

void add_convert_weights(CLI::App *app, ConvertWeightsArguments *arguments) {
  app->add_option("files", arguments->files,
                  wrapped("one or more files of torch.save, and the safetensors file to write"))
      ->required()
      ->expected(2, -1)
      ->type_name("IN.pth... OUT.safetensors");
  app->add_option("--model", arguments->model, "name of the network, as in \"hcd models\"")
      ->required();
  app->add_option("--scale", arguments->scale, "its scale [1, 9]")
      ->required()
      ->check(CLI::Range(1, 9));
  app->add_option("--config", arguments->config,
                  wrapped("sizes that differ from the published network's, as a JSON object"))
      ->capture_default_str()
      ->type_name("JSON");
  app->add_option("--prefix", arguments->prefixes,
                  wrapped("goes in front of the names of an input's tensors, once for each input; "
                          "default: nothing for one input, the file's name for several"))
      ->allow_extra_args(false);
  app->add_option("--licence", arguments->licence, "terms of the weights, kept in the result");
  app->footer(
      "Reads the zip format of PyTorch 1.6 and the one before it, without executing anything: a\n"
      "file may hold tensors, dicts, numbers and strings, and all else is refused by name. The\n"
      "state dict may lie under params_ema, params, state_dict or model; \"module.\" in front of\n"
      "names is left out. F64 and BF16 become F32. CAR: hcd convert kgn.pth usn.pth "
      "car.safetensors\n"
      "--model car --scale 4\n" +
      std::string(kExitCodes));
}

CommandLine::Command command_of(const CLI::App &app) {
  if (app.got_subcommand("down")) return CommandLine::Command::kDown;
  if (app.got_subcommand("up")) return CommandLine::Command::kUp;
  if (app.got_subcommand("evaluate")) return CommandLine::Command::kEvaluate;
  if (app.got_subcommand("convert")) return CommandLine::Command::kConvert;
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
  add_convert_weights(app.add_subcommand("convert", "make weights of PyTorch's files"),
                      &line.convert_weights);
  // Only for the list of commands: main() has passed their words on.
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
