// SPDX-License-Identifier: BSD-2-Clause
// Which cells the tables and figures need, and what they come to.
#pragma once

#include "tools/paper_runner.h"

#include <hcd/hcd.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace hcd::tools {

// The entry of hcd_models(), or nullptr.
const hcd_model_info *find_model(const std::string &name);

// Mean over the pictures of one model under one rule.
struct Summary {
  std::string status;  // "done", "needs weights", "not in this build" or "failed: <why>"
  size_t pictures = 0;
  double psnr_y = 0, ssim = 0;
  double seconds = 0;   // per picture
  double peak_mib = 0;  // largest
  std::string options;  // of hcd evaluate, for the first picture
  std::string cell;     // name of the first one
};

class PaperPlan {
 public:
  // `weights`: folder of <model>_x<scale>.safetensors, or empty. `shared`: options of every cell.
  PaperPlan(int scale, std::filesystem::path weights, OptionTexts shared);

  int scale() const { return scale_; }

  // "" where the model can run at this scale, else why not: "needs weights", "not in this build".
  std::string obstacle(const std::string &model) const;

  // Adds what is not there yet. Returns a number for summary(). `keep_pictures`: see Cell.
  size_t add(const std::string &model, const PaperRule &rule,
             const std::vector<std::filesystem::path> &pictures, bool keep_pictures = false);

  // Computes all of it: see run_cells().
  void run(const std::filesystem::path &cache, int jobs);

  // After run().
  Summary summary(size_t experiment) const;

  // Whether a cell has failed.
  bool has_failed() const;

 private:
  struct Experiment {
    std::string obstacle;
    std::vector<size_t> cells;
  };

  std::filesystem::path weights_file(const std::string &model) const;
  size_t add_cell(Cell cell);

  int scale_;
  std::filesystem::path weights_;
  OptionTexts shared_;
  std::vector<Experiment> experiments_;
  std::vector<Cell> cells_;
  std::map<std::string, size_t> cell_of_name_;
  std::vector<CellOutcome> outcomes_;
};

}  // namespace hcd::tools
