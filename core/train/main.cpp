// SPDX-License-Identifier: BSD-2-Clause
// hcd-train, which `hcd train` and `hcd tune` become: a program of its own, so that hcd needs no
// LibTorch. The word by which it is called says which it is.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <new>

#include "base/error.h"
#include "train/train.h"
#include "train/tune.h"

namespace hcd::train {
namespace {

constexpr int kExitError = 1, kExitUsage = 2, kExitNoGain = 3,
              kExitStopped = 130;  // 128 + SIGINT, as shells have it

constexpr char kTrainFooter[] =
    "Recipes are JSON files: docs/training.md explains their keys.\n"
    "The output folder receives checkpoint.safetensors, train.csv and, at the end, the weights.\n"
    "Ctrl-C saves a checkpoint; --resume continues to the weights that an uninterrupted training\n"
    "makes, bit by bit on the same machine.\n"
    "Exit codes: 0 done; 1 an error, named on standard error; 2 a wrong command line; 130 stopped.";

constexpr char kTuneFooter[] =
    "The coded files are the source made half as large by any means, coded by any encoder, with\n"
    "all its frames: one or several rungs or qualities of a ladder. docs/tune.md explains the "
    "rest.\n"
    "Stopped or killed, the same command goes on from <FILE>.tuning, to the same bytes on the "
    "same\n"
    "machine. Frames that were held out decide: where they gain nothing, nothing is written.\n"
    "Exit codes: 0 done; 1 an error, named on standard error; 2 a wrong command line; 3 no gain;\n"
    "130 stopped.";

void add_options(CLI::App &app, Arguments *arguments) {
  app.add_option("recipe", arguments->recipe, "what is trained, and how")
      ->required()
      ->type_name("FILE");
  app.add_option("--data", arguments->data, "folder in which the recipe's folders of pictures lie")
      ->required()
      ->type_name("FOLDER");
  app.add_option("-o,--output", arguments->output, "folder for the results; made where missing")
      ->required()
      ->type_name("FOLDER");
  app.add_flag("--resume", arguments->resume, "continue from the checkpoint in the output folder");
  app.add_option("--iterations", arguments->iterations, "in place of the recipe's number")
      ->check(CLI::Range(1, 1 << 30));
  app.add_option("--threads", arguments->threads, "in place of the recipe's number")
      ->check(CLI::Range(1, 1024));
  app.add_option("--device", arguments->device, "auto, cpu or cuda (auto)");
  app.add_option("--precision", arguments->precision,
                 "fp32, or bf16 for mixed precision on CUDA (fp32)");
}

void add_options(CLI::App &app, TuneArguments *arguments) {
  app.add_option("source", arguments->source, "the video before it was made small")
      ->required()
      ->type_name("FILE");
  app.add_option("coded", arguments->coded, "what is sent of it")->required()->type_name("FILE...");
  app.add_option("-o,--output", arguments->output, "weights to write (safetensors)")
      ->required()
      ->type_name("FILE");
  app.add_option("--init", arguments->init,
                 "weights to start from (default: the built-in ones of lite)")
      ->type_name("FILE");
  app.add_option("--iterations", arguments->iterations, "of the fit [1, 1000000]")
      ->check(CLI::Range(1, 1000000))
      ->type_name("INT")
      ->capture_default_str();
  app.add_option("--frames", arguments->frames, "most frames that are kept in memory [2, 10000]")
      ->check(CLI::Range(2, 10000))
      ->type_name("INT")
      ->capture_default_str();
  app.add_option("--seed", arguments->seed, "of the patches")
      ->type_name("INT")
      ->capture_default_str();
  app.add_option("--threads", arguments->threads, "they decide the result's last bits [1, 1024]")
      ->check(CLI::Range(1, 1024))
      ->type_name("INT")
      ->capture_default_str();
  app.add_flag("--whole", arguments->whole,
               "write all weights in fp16 (21 KB), not their differences to the built-in ones (5 "
               "KB), which only "
               "an hcd_up with the same built-in ones can read");
  app.add_option("--ffmpeg", arguments->ffmpeg,
                 "that decodes (default: beside hcd, or on the PATH)")
      ->type_name("FILE");
  app.add_option("--filter", arguments->filter,
                 "FFmpeg's filters in front of the source, where the coded files were made behind "
                 "some")
      ->type_name("FILTERS");
}

// Runs `work`, which returns false where it was stopped, with the arguments of the command line.
template <typename A>
int run(const char *name, const char *about, const char *footer, bool (*work)(const A &), int argc,
        char **argv) {
  A arguments;
  CLI::App app(about, std::string("hcd ") + name);
  app.footer(footer);
  app.failure_message([name](const CLI::App *, const CLI::Error &error) {
    return std::string("hcd: ") + error.what() + "\nhcd: \"hcd " + name +
           " --help\" explains the options\n";
  });
  add_options(app, &arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  try {
    return work(arguments) ? 0 : kExitStopped;
  } catch (const NoGain &error) {
    std::fprintf(stderr, "hcd: %s\n", error.what());
    return kExitNoGain;
  } catch (const std::bad_alloc &) {
    std::fputs("hcd: out of memory\n", stderr);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "hcd: %s\n", error.what());
  }
  return kExitError;
}

int run_main(int argc, char **argv) {
  const PointLocale point;  // whatever a library of this process has chosen
  if (argc > 0 && std::string(argv[0]) == "tune") {
    return run<TuneArguments>("tune", "Fits the network lite to one title.", kTuneFooter, tune,
                              argc, argv);
  }
  return run<Arguments>("train", "Trains a network as a recipe says.", kTrainFooter, train, argc,
                        argv);
}

}  // namespace
}  // namespace hcd::train

int main(int argc, char **argv) { return hcd::train::run_main(argc, argv); }
