// SPDX-License-Identifier: BSD-2-Clause
// hcd-train, which `hcd train` becomes: a program of its own, so that hcd needs no LibTorch.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <new>

#include "train/train.h"

namespace hcd::train {
namespace {

constexpr int kExitError = 1, kExitUsage = 2,
              kExitStopped = 130;  // 128 + SIGINT, as shells have it

constexpr char kFooter[] =
    "Recipes are JSON files: docs/training.md explains their keys.\n"
    "The output folder receives checkpoint.safetensors, train.csv and, at the end, the weights.\n"
    "Ctrl-C saves a checkpoint; --resume continues to the weights that an uninterrupted training\n"
    "makes, bit by bit on the same machine.\n"
    "Exit codes: 0 done; 1 an error, named on standard error; 2 a wrong command line; 130 stopped.";

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

int run_main(int argc, char **argv) {
  Arguments arguments;
  CLI::App app("Trains a network as a recipe says.", "hcd train");
  app.footer(kFooter);
  app.failure_message([](const CLI::App *, const CLI::Error &error) {
    return std::string("hcd: ") + error.what() +
           "\nhcd: \"hcd train --help\" explains the options\n";
  });
  add_options(app, &arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  try {
    return train(arguments) ? 0 : kExitStopped;
  } catch (const std::bad_alloc &) {
    std::fputs("hcd: out of memory\n", stderr);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "hcd: %s\n", error.what());
  }
  return kExitError;
}

}  // namespace
}  // namespace hcd::train

int main(int argc, char **argv) { return hcd::train::run_main(argc, argv); }
