// SPDX-License-Identifier: BSD-2-Clause
// The subcommand paper: see the header.
#include "tools/paper.h"

#include "tools/error.h"
#include "tools/output_file.h"
#include "tools/paper_exhibits.h"
#include "tools/paper_plots.h"
#include "tools/paper_report.h"
#include "tools/picture_set.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>

namespace hcd::tools {
namespace {

namespace fs = std::filesystem;

using MakeExhibit = Exhibit (*)(PaperPlan &, const PaperInput &);

struct KnownExhibit {
  int number;
  MakeExhibit make;
};
constexpr KnownExhibit kTables[] = {{1, table_1}, {2, table_2}, {3, table_3}};
constexpr KnownExhibit kFigures[] = {
    {2, figure_2}, {5, figure_5}, {6, figure_6}, {7, figure_7}, {8, figure_8}};

PaperSet read_set(const std::string &folder) {
  const fs::path path = fs::path(folder).lexically_normal();
  const fs::path name = path.has_filename() ? path.filename() : path.parent_path().filename();
  return {name.string(), list_pictures(folder)};
}

// The smallest files: sweeps over many settings need not wait for the large ones.
PaperSet smallest(PaperSet set, int count) {
  if (count == 0 || size_t(count) >= set.pictures.size()) return set;
  std::stable_sort(set.pictures.begin(), set.pictures.end(), [](const auto &a, const auto &b) {
    return fs::file_size(a) < fs::file_size(b);
  });
  set.pictures.resize(size_t(count));
  std::sort(set.pictures.begin(), set.pictures.end());
  return set;
}

void check(const PaperArguments &arguments) {
  if (arguments.tables.empty() && arguments.figures.empty()) {
    throw ToolError("expected --table or --figure, found neither");
  }
  for (const std::string &model : arguments.models) {
    if (find_model(model)) continue;
    throw ToolError("option models: expected names that `hcd models` lists, found '" + model + "'");
  }
  if (!arguments.weights.empty() && !fs::is_directory(arguments.weights)) {
    throw ToolError("option weights: expected a folder, found none at '" + arguments.weights + "'");
  }
  OptionTexts options = arguments.options;
  down_params(options);  // throws where a value is wrong
}

PaperInput read_input(const PaperArguments &arguments) {
  PaperInput input;
  for (const std::string &folder : arguments.sets) {
    input.sets.push_back(read_set(folder));
    for (size_t i = 0; i + 1 < input.sets.size(); ++i) {
      if (input.sets[i].name == input.sets.back().name) {
        throw ToolError("option set: expected folders of different names, found '" +
                        input.sets[i].name + "' twice");
      }
    }
  }
  input.sweep = smallest(input.sets.front(), arguments.n_pictures);
  input.models = arguments.models;
  return input;
}

std::vector<Exhibit> make_exhibits(const PaperArguments &arguments, PaperPlan &plan) {
  const PaperInput input = read_input(arguments);
  std::vector<Exhibit> exhibits;
  const auto add = [&](const auto &known, const std::vector<int> &wanted) {
    for (const auto &[number, make] : known) {
      const bool is_wanted = std::find(wanted.begin(), wanted.end(), number) != wanted.end();
      if (is_wanted) exhibits.push_back(make(plan, input));
    }
  };
  add(kTables, arguments.tables);
  add(kFigures, arguments.figures);
  return exhibits;
}

// What /proc/cpuinfo calls the first CPU; "" where it does not say.
std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) {
      return ", " + line.substr(colon + 2);
    }
  }
  return "";
}

std::string command_line(const PaperArguments &arguments) {
  std::string text = "hcd paper";
  for (const int number : arguments.tables) text += " --table " + std::to_string(number);
  for (const int number : arguments.figures) text += " --figure " + std::to_string(number);
  for (const std::string &set : arguments.sets) text += " --set " + set;
  if (!arguments.weights.empty()) text += " --weights " + arguments.weights;
  for (size_t i = 0; i < arguments.models.size(); ++i) {
    text += (i ? "," : " --models ") + arguments.models[i];
  }
  text += " --scale " + std::to_string(arguments.scale) + " --jobs " +
          std::to_string(arguments.jobs) + " --pictures " + std::to_string(arguments.n_pictures);
  const std::string options = command_options(arguments.options);
  return text + (options.empty() ? "" : " " + options) + " -o " + arguments.output;
}

std::vector<std::string> heading(const PaperArguments &arguments) {
  utsname system = {};
  uname(&system);
  return {"Made by libhcd " + std::string(hcd_version()) + ":", "",
          "    " + command_line(arguments), "",
          "Machine: " + std::to_string(sysconf(_SC_NPROCESSORS_ONLN)) + " CPUs, " + system.machine +
              cpu_name() + ". " + std::to_string(arguments.jobs) +
              (arguments.jobs == 1 ? " picture" : " pictures") + " at a time."};
}

void write_text(const fs::path &path, const std::string &text) {
  write_file(path.string(), {text.begin(), text.end()});
  std::printf("%s\n", path.string().c_str());
}

std::vector<std::string> write_all(const PaperArguments &arguments, const PaperPlan &plan,
                                   const std::vector<Exhibit> &exhibits) {
  const fs::path folder = arguments.output;
  std::vector<std::string> figures;
  for (const Exhibit &exhibit : exhibits) {
    write_text(folder / (exhibit.name + ".csv"), to_csv(exhibit, plan));
    if (exhibit.is_figure) figures.push_back(exhibit.name);
  }
  write_text(folder / "paper.md", to_markdown(exhibits, plan, heading(arguments)));
  return figures;
}

}  // namespace

std::vector<OptionInfo> paper_options() {
  const std::set<std::string> allowed = {"device", "latent", "seed", "threads", "tile"};
  std::vector<OptionInfo> options;
  for (const OptionInfo &info : down_options()) {
    if (allowed.count(info.name)) options.push_back(info);
  }
  return options;
}

void run_paper(const PaperArguments &arguments) {
  check(arguments);
  PaperPlan plan(arguments.scale, arguments.weights, arguments.options);
  const std::vector<Exhibit> exhibits = make_exhibits(arguments, plan);
  plan.run(fs::path(arguments.output) / "cache", arguments.jobs);
  const std::vector<std::string> figures = write_all(arguments, plan, exhibits);
  draw_figures(arguments.output, figures);
  for (const std::string &name : figures) {
    std::printf("%s\n", (fs::path(arguments.output) / (name + ".png")).string().c_str());
  }
  if (plan.has_failed()) {
    throw ToolError("some cells failed, see above; the others are in " + arguments.output);
  }
}

}  // namespace hcd::tools
