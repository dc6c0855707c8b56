// SPDX-License-Identifier: BSD-2-Clause
// The tables and figures of the paper as lists of experiments.
#pragma once

#include "tools/paper_plan.h"
#include "tools/paper_reference.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hcd::tools {

// Pictures of one set, smallest file first where only some were asked for.
struct PaperSet {
  std::string name;  // of the folder
  std::vector<std::filesystem::path> pictures;
};

// A number of a table, a point or a picture of a figure.
struct Entry {
  std::string row, column;  // where it stands in the table
  size_t experiment = 0;    // of the plan
  std::optional<double> x;  // of a curve
  std::optional<PublishedScore> published;
};

struct Exhibit {
  std::string name;  // of its files: "table_1"
  std::string title;
  std::string first_column;        // what the rows are
  std::vector<std::string> notes;  // lines below it
  bool is_figure = false;          // the script draws <name>.png from <name>.csv
  bool with_cost = false;          // seconds and memory too
  std::vector<Entry> entries;
};

// What the exhibits are made of.
struct PaperInput {
  std::vector<PaperSet> sets;       // all pictures: table 1
  PaperSet sweep;                   // some pictures of the first set: the others
  std::vector<std::string> models;  // empty: every row of table 1, the best model of the others
};

// Add to `plan` what they need. Throw ToolError where no model has weights at this scale.
Exhibit table_1(PaperPlan &plan, const PaperInput &input);
Exhibit table_2(PaperPlan &plan, const PaperInput &input);
Exhibit table_3(PaperPlan &plan, const PaperInput &input);
Exhibit figure_2(PaperPlan &plan, const PaperInput &input);
Exhibit figure_5(PaperPlan &plan, const PaperInput &input);
Exhibit figure_6(PaperPlan &plan, const PaperInput &input);
Exhibit figure_7(PaperPlan &plan, const PaperInput &input);
Exhibit figure_8(PaperPlan &plan, const PaperInput &input);

}  // namespace hcd::tools
